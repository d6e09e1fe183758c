using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

public sealed partial class S3Folder
{
    private const string Anything = "*";

    private readonly Queue<(string Key, string Upload)> _failed = new(); // uploads that could not be given up; guarded by the gate

    private async Task<bool> WriteAsync(AmazonS3Client client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (content.Length > Limits.S3PartBytes) await WritePartsAsync(client, name, content, cancel);
        else CheckKept(name, (await client.PutObjectAsync(PutOf(name, content), cancel)).ETag);
        return true;
    }

    /// <summary>Writes unless there is such a file, in one step of the server. One that cannot do that is asked first.</summary>
    private async Task<bool> CreateAsync(AmazonS3Client client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            PutObjectRequest request = PutOf(name, content);
            request.IfNoneMatch = Anything;
            try
            {
                CheckKept(name, (await client.PutObjectAsync(request, cancel)).ETag);
                return true;
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                return false;
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.Conflict && attempt < Limits.S3ConflictTries)
            {
                // Another one writes it at this moment, and may not succeed.
                await Task.Delay(Limits.S3ConflictPause, TimeProvider.System, cancel);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotImplemented)
            {
                return !await IsThereAsync(client, name, cancel) && await WriteAsync(client, name, content, cancel);
            }
        }
    }

    /// <summary>A server that has kept something says as what. The page that asks for a login in a hotel is a success, too.</summary>
    private void CheckKept(string name, string? tag)
    {
        if (!string.IsNullOrEmpty(tag)) return;
        throw new StoreException($"{Name}: cannot write {name}: what answers there does not say what it has kept; it does not speak S3, or something between does not let us through") { IsUnreachable = true };
    }

    /// <summary>One request, signed over the hash of the content, which the server compares; those that keep such hashes keep it with the file.</summary>
    private PutObjectRequest PutOf(string name, ReadOnlyMemory<byte> content) => new()
    {
        BucketName = address.Bucket,
        Key = KeyOf(name),
        InputStream = StreamOf(content),
        ContentType = "application/octet-stream",
        UseChunkEncoding = false,
        ChecksumSHA256 = HashOf(content),
    };

    /// <summary>The parts of a file at once, and then one request that makes the file of them. Nothing shows before that.</summary>
    private async Task WritePartsAsync(AmazonS3Client client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        string key = KeyOf(name);
        await AbortFailedAsync(client, cancel);

        // Not cut off: what was begun has to be known, or it cannot be given up.
        InitiateMultipartUploadResponse upload = await client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = address.Bucket, Key = key, ContentType = "application/octet-stream", ChecksumAlgorithm = ChecksumAlgorithm.SHA256 }, _ending.Token);
        CheckKept(name, upload.UploadId);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var parts = new List<Task<PartETag>>();
        try
        {
            for (int offset = 0; offset < content.Length; offset += Limits.S3PartBytes)
            {
                ReadOnlyMemory<byte> part = content.Slice(offset, Math.Min(Limits.S3PartBytes, content.Length - offset));
                parts.Add(WritePartAsync(client, name, upload.UploadId, parts.Count + 1, part, stop.Token));
            }

            foreach (Task<PartETag> part in parts) await part;
            await CompleteAsync(client, name, upload.UploadId, [.. parts.Select(static part => part.Result)], content.Length, cancel);
        }
        catch
        {
            // The buffer is lent: nobody reads it any more when the failure is told.
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(parts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first failure is on its way to the caller
            if (!await AbortAsync(client, key, upload.UploadId, _ending.Token)) NoteFailed(key, upload.UploadId);
            throw;
        }
    }

    private async Task<PartETag> WritePartAsync(AmazonS3Client client, string name, string upload, int number, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        string hash = HashOf(content);
        UploadPartResponse answer = await client.UploadPartAsync(
            new UploadPartRequest { BucketName = address.Bucket, Key = KeyOf(name), UploadId = upload, PartNumber = number, PartSize = content.Length, InputStream = StreamOf(content), UseChunkEncoding = false, ChecksumSHA256 = hash },
            cancel);
        CheckKept(name, answer.ETag);
        return new PartETag(number, answer.ETag) { ChecksumSHA256 = hash };
    }

    /// <summary>
    /// Makes the file of its parts. An earlier attempt may have been carried out, and its answer lost: then most servers say that there is no such upload, and Ceph says that it was done, and not as what.
    /// </summary>
    private async Task CompleteAsync(AmazonS3Client client, string name, string upload, List<PartETag> parts, int length, CancellationToken cancel)
    {
        string? tag;
        try
        {
            tag = (await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = address.Bucket, Key = KeyOf(name), UploadId = upload, PartETags = parts }, cancel)).ETag;
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
        {
            if (await IsCompleteAsync(client, name, parts, length, cancel)) return;
            throw;
        }

        if (!string.IsNullOrEmpty(tag) || await IsCompleteAsync(client, name, parts, length, cancel)) return;
        CheckKept(name, tag);
    }

    /// <summary>Whether the file is there and has the tag of these parts.</summary>
    private async Task<bool> IsCompleteAsync(AmazonS3Client client, string name, List<PartETag> parts, int length, CancellationToken cancel)
    {
        GetObjectMetadataResponse found = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = address.Bucket, Key = KeyOf(name) }, cancel);
        return found.ContentLength == length && found.ETag?.Trim('"') is { Length: > 0 } tag && tag == TagOf(parts);
    }

    /// <summary>Gives up an upload, so that what was sent of it costs nothing. False when that failed, too.</summary>
    private async Task<bool> AbortAsync(AmazonS3Client client, string key, string upload, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(Limits.S3AbortTimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = address.Bucket, Key = key, UploadId = upload }, either.Token);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return true; // somebody else has
        }
        catch (Exception e) when (S3Failure.IsEnvironmental(e))
        {
            return false; // why the upload failed is on its way to the caller
        }
    }

    private void NoteFailed(string key, string upload)
    {
        lock (_gate)
        {
            if (_failed.Count < Limits.S3FailedUploads) _failed.Enqueue((key, upload));
        }
    }

    /// <summary>Gives up what could not be given up before. The first that fails again ends it: the server is away.</summary>
    private async Task AbortFailedAsync(AmazonS3Client client, CancellationToken cancel)
    {
        while (true)
        {
            (string Key, string Upload) next;
            lock (_gate)
            {
                if (!_failed.TryDequeue(out next)) return;
            }

            if (await AbortAsync(client, next.Key, next.Upload, cancel)) continue;
            NoteFailed(next.Key, next.Upload);
            cancel.ThrowIfCancellationRequested();
            return;
        }
    }

    /// <summary>The tag of a file in parts: MD5 of the MD5s of the parts, which are their tags, and their number.</summary>
    private static string TagOf(List<PartETag> parts)
    {
        string tags = string.Concat(parts.Select(static part => part.ETag.Trim('"')));
        if (tags.Length != 32 * parts.Count || !tags.All(char.IsAsciiHexDigit)) return "";
#pragma warning disable CA5351 // what the protocol computes; nothing is protected by it
        return string.Create(CultureInfo.InvariantCulture, $"{Convert.ToHexStringLower(MD5.HashData(Convert.FromHexString(tags)))}-{parts.Count}");
#pragma warning restore CA5351
    }

    private static string HashOf(ReadOnlyMemory<byte> content) => Convert.ToBase64String(SHA256.HashData(content.Span));
}
