using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Bazil.Remotes.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

public sealed partial class S3Folder
{
    private const string Separator = "/";

    // When what dead nodes left was last looked for below a directory, and whether that goes on; guarded by the gate.
    private readonly Dictionary<string, DateTimeOffset> _tidied = new(StringComparer.Ordinal);
    private bool _isTidying;

    /// <summary>
    /// A directory of up to a thousand files is one request. A larger one is listed part by part, many at once: a listing goes on only where the page before has ended.
    /// </summary>
    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (directory.Length > 0) await TidyAsync(directory, cancel);
        string prefix = directory.Length > 0 ? KeyOf(directory) + Separator : address.Prefix.Length > 0 ? address.Prefix + Separator : "";
        var bound = new ListingBound(Name);
        ListObjectsV2Response whole = await PageAsync(prefix, null, null, cancel);
        if (whole.IsTruncated is not true)
        {
            foreach (RemoteFile file in FilesOf(whole, prefix, bound)) yield return file;
            yield break;
        }

        var below = new Queue<string>();
        string? next = null;
        do
        {
            ListObjectsV2Response page = await PageAsync(prefix, Separator, next, cancel);
            foreach (RemoteFile file in FilesOf(page, prefix, bound)) yield return file;
            foreach (string part in PrefixesOf(page, prefix, bound)) below.Enqueue(part);
            next = NextOf(page, next);
        }
        while (next is not null);

        await foreach (RemoteFile file in ListPartsAsync(below, bound, cancel)) yield return file;
    }

    private async IAsyncEnumerable<RemoteFile> ListPartsAsync(Queue<string> prefixes, ListingBound bound, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = new Queue<Task<List<RemoteFile>>>();
        try
        {
            while (prefixes.Count + running.Count > 0)
            {
                while (running.Count < Limits.ListsInFlight && prefixes.TryDequeue(out string? prefix)) running.Enqueue(ListPartAsync(prefix, bound, stop.Token));
                foreach (RemoteFile file in await running.Peek()) yield return file;
                _ = running.Dequeue(); // it has ended
            }
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first failure is on its way to the caller
        }
    }

    private async Task<List<RemoteFile>> ListPartAsync(string prefix, ListingBound bound, CancellationToken cancel)
    {
        var files = new List<RemoteFile>();
        string? next = null;
        do
        {
            ListObjectsV2Response page = await PageAsync(prefix, null, next, cancel);
            files.AddRange(FilesOf(page, prefix, bound));
            next = NextOf(page, next);
        }
        while (next is not null);
        return files;
    }

    private Task<ListObjectsV2Response> PageAsync(string prefix, string? delimiter, string? next, CancellationToken cancel) => CallAsync("list", prefix.Length > 0 ? prefix : address.Bucket, async (client, token) =>
    {
        var request = new ListObjectsV2Request { BucketName = address.Bucket, Prefix = prefix, Delimiter = delimiter, ContinuationToken = next, MaxKeys = Limits.S3PageEntries, Encoding = EncodingType.Url };
        ListObjectsV2Response page = await client.ListObjectsV2Async(request, token);

        // The library reads any answer as a listing, one without files if need be: the page that asks for a login in a hotel, too.
        return page.Name is { Length: > 0 } ? page : throw new StoreException($"{Name}: what answers there does not speak S3, or something between does not let us through; look at the endpoint");
    }, cancel);

    /// <summary>The files of a page, with their names below the root. What stands for a directory, as some programs make it, is no file.</summary>
    private IEnumerable<RemoteFile> FilesOf(ListObjectsV2Response page, string prefix, ListingBound bound)
    {
        foreach (S3Object found in page.S3Objects ?? [])
        {
            string key = Decode(page, found.Key ?? "");
            if (!key.StartsWith(prefix, StringComparison.Ordinal)) throw NotAskedFor(prefix);
            if (key.EndsWith('/') && found.Size is null or 0) continue;
            string name = key[KeyOf("").Length..];
            bound.Take(name);
            DateTimeOffset modified = found.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime()) : DateTimeOffset.UnixEpoch;
            yield return new RemoteFile(name, found.Size ?? 0, modified);
        }
    }

    private IEnumerable<string> PrefixesOf(ListObjectsV2Response page, string prefix, ListingBound bound)
    {
        foreach (string? found in page.CommonPrefixes ?? [])
        {
            string part = Decode(page, found ?? "");
            if (part.Length <= prefix.Length || !part.StartsWith(prefix, StringComparison.Ordinal)) throw NotAskedFor(prefix);
            bound.Take(part[KeyOf("").Length..]);
            yield return part;
        }
    }

    /// <summary>Names are asked for escaped: XML cannot carry all of them. A blank may be a plus.</summary>
    private static string Decode(ListObjectsV2Response page, string name) => page.Encoding == EncodingType.Url ? WebUtility.UrlDecode(name) : name;

    /// <summary>Where the next page begins; null after the last one. A part of a listing is never taken for the whole: what is not in it would be forgotten.</summary>
    private string? NextOf(ListObjectsV2Response page, string? asked)
    {
        if (page.IsTruncated is not true) return null;
        if (page.NextContinuationToken is { Length: > 0 } next && next != asked) return next;
        throw new StoreException($"{Name}: cannot list it: the server says that there is more, and not where that begins; it needs a newer version, or is none that can keep packs");
    }

    private StoreException NotAskedFor(string prefix) => new($"{Name}: cannot list {prefix}: the server names what was not asked for");

    /// <summary>
    /// Gives up uploads that somebody began and did not end, once a day: what was sent of them takes room and shows nowhere. Those of the last day may go on. A listing does not depend on it: the credentials may not
    /// allow it, or the server cannot do it. Whoever owns the bucket can have it done by a rule there.
    /// </summary>
    private async Task TidyAsync(string directory, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_isTidying || (_tidied.TryGetValue(directory, out DateTimeOffset last) && time.GetUtcNow() - last < Limits.S3TidyInterval)) return;
            _isTidying = true;
        }

        bool isDone = false;
        try
        {
            isDone = await CallAsync("tidy", directory, async (client, token) =>
            {
                await AbortFailedAsync(client, token);
                return await AbortLeftAsync(client, KeyOf(directory) + Separator, token);
            }, cancel);
        }
        catch (StoreException e)
        {
            isDone = !e.IsUnreachable; // a server that is away is asked again by the next listing
        }
        finally
        {
            lock (_gate)
            {
                _isTidying = false;
                if (isDone) _tidied[directory] = time.GetUtcNow();
            }
        }
    }

    /// <summary>False when some are left that should not be.</summary>
    private async Task<bool> AbortLeftAsync(AmazonS3Client client, string prefix, CancellationToken cancel)
    {
        DateTimeOffset oldest = time.GetUtcNow() - Limits.TemporaryAge;
        bool isAll = true;
        var request = new ListMultipartUploadsRequest { BucketName = address.Bucket, Prefix = prefix };
        for (int count = 0; count < Limits.S3LeftUploads;)
        {
            ListMultipartUploadsResponse page = await client.ListMultipartUploadsAsync(request, cancel);
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                count++;
                bool isOurs = upload.Key?.StartsWith(prefix, StringComparison.Ordinal) is true && upload.UploadId is { Length: > 0 };
                if (!isOurs || upload.Initiated is not { } begun || new DateTimeOffset(begun.ToUniversalTime()) >= oldest) continue;
                isAll &= await AbortAsync(client, upload.Key!, upload.UploadId, cancel);
                cancel.ThrowIfCancellationRequested();
            }

            if (page.IsTruncated is not true || page.MultipartUploads is not { Count: > 0 }) return isAll;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }

        return isAll;
    }
}
