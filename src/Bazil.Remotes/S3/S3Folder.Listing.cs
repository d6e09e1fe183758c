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

    private bool _isTidied; // what dead nodes left was looked for; guarded by the gate

    /// <summary>
    /// A directory of up to a thousand files is one request. A larger one is listed part by part, many at once: a listing goes on only where the page before has ended.
    /// </summary>
    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (directory.Length > 0) await TidyAsync(directory, cancel);
        string prefix = directory.Length > 0 ? KeyOf(directory) + Separator : address.Prefix.Length > 0 ? address.Prefix + Separator : "";
        ListObjectsV2Response whole = await PageAsync(prefix, null, null, cancel);
        if (whole.IsTruncated is not true)
        {
            foreach (RemoteFile file in FilesOf(whole, prefix)) yield return file;
            yield break;
        }

        int count = 0;
        var below = new Queue<string>();
        string? next = null;
        do
        {
            ListObjectsV2Response page = await PageAsync(prefix, Separator, next, cancel);
            foreach (RemoteFile file in FilesOf(page, prefix))
            {
                Count(ref count);
                yield return file;
            }

            foreach (string part in page.CommonPrefixes ?? []) below.Enqueue(Decode(page, part));
            if (below.Count > Limits.ListEntries) throw TooMany();
            next = NextOf(page);
        }
        while (next is not null);

        await foreach (RemoteFile file in ListPartsAsync(below, cancel))
        {
            Count(ref count);
            yield return file;
        }
    }

    private async IAsyncEnumerable<RemoteFile> ListPartsAsync(Queue<string> prefixes, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = new Queue<Task<List<RemoteFile>>>();
        try
        {
            while (prefixes.Count + running.Count > 0)
            {
                while (running.Count < Limits.ListsInFlight && prefixes.TryDequeue(out string? prefix)) running.Enqueue(ListPartAsync(prefix, stop.Token));
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

    private async Task<List<RemoteFile>> ListPartAsync(string prefix, CancellationToken cancel)
    {
        var files = new List<RemoteFile>();
        string? next = null;
        do
        {
            ListObjectsV2Response page = await PageAsync(prefix, null, next, cancel);
            files.AddRange(FilesOf(page, prefix));
            if (files.Count > Limits.ListEntries) throw TooMany();
            next = NextOf(page);
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
    private IEnumerable<RemoteFile> FilesOf(ListObjectsV2Response page, string prefix)
    {
        int rootLength = address.Prefix.Length > 0 ? address.Prefix.Length + 1 : 0;
        foreach (S3Object found in page.S3Objects ?? [])
        {
            string key = Decode(page, found.Key);
            if (!key.StartsWith(prefix, StringComparison.Ordinal)) throw new StoreException($"{Name}: cannot list {prefix}: the server names what was not asked for");
            if (key.EndsWith('/') && found.Size is null or 0) continue;
            DateTimeOffset modified = found.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime()) : DateTimeOffset.UnixEpoch;
            yield return new RemoteFile(key[rootLength..], found.Size ?? 0, modified);
        }
    }

    /// <summary>Names are asked for escaped: XML cannot carry all of them. A blank may be a plus.</summary>
    private static string Decode(ListObjectsV2Response page, string name) => page.Encoding == EncodingType.Url ? WebUtility.UrlDecode(name) : name;

    /// <summary>Where the next page begins. A server that never ends is stopped by the bound of the listing's time and size.</summary>
    private static string? NextOf(ListObjectsV2Response page) => page.IsTruncated is true && page.NextContinuationToken is { Length: > 0 } next ? next : null;

    private void Count(ref int count)
    {
        if (++count > Limits.ListEntries) throw TooMany();
    }

    private StoreException TooMany() => new($"{Name}: there are more than {Limits.ListEntries} files in it");

    /// <summary>Gives up uploads that somebody began and did not end, once: what was sent of them takes room and shows nowhere. Those of the last day may go on.</summary>
    private async Task TidyAsync(string directory, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_isTidied) return;
            _isTidied = true;
        }

        try
        {
            await CallAsync("tidy", directory, async (client, token) =>
            {
                await AbortLeftAsync(client, KeyOf(directory) + Separator, token);
                return true;
            }, cancel);
        }
        catch (StoreException e) when (!e.IsUnreachable)
        {
            // The credentials may not allow it, or the server cannot do it. Whoever owns the bucket can have it done by a rule there.
        }
    }

    private async Task AbortLeftAsync(AmazonS3Client client, string prefix, CancellationToken cancel)
    {
        DateTimeOffset oldest = time.GetUtcNow() - Limits.TemporaryAge;
        var request = new ListMultipartUploadsRequest { BucketName = address.Bucket, Prefix = prefix };
        for (int count = 0; count < Limits.S3LeftUploads;)
        {
            ListMultipartUploadsResponse page = await client.ListMultipartUploadsAsync(request, cancel);
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                count++;
                bool isOurs = upload.Key.StartsWith(prefix, StringComparison.Ordinal);
                if (isOurs && upload.Initiated is { } begun && new DateTimeOffset(begun.ToUniversalTime()) < oldest) await AbortAsync(client, upload.Key, upload.UploadId);
            }

            if (page.IsTruncated is not true || page.MultipartUploads is not { Count: > 0 }) return;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    }
}
