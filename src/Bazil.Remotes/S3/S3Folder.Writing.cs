using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;

namespace Bazil.Remotes.S3;

public sealed partial class S3Folder
{
    private const string Anything = "*";

    private async Task<bool> WriteAsync(AmazonS3Client client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (content.Length > Limits.S3PartBytes) await WritePartsAsync(client, name, content, cancel);
        else await client.PutObjectAsync(PutOf(name, content), cancel);
        return true;
    }

    /// <summary>Writes unless there is such a file, in one step of the server. One that cannot do that is asked first.</summary>
    private async Task<bool> CreateAsync(AmazonS3Client client, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        PutObjectRequest request = PutOf(name, content);
        request.IfNoneMatch = Anything;
        try
        {
            await client.PutObjectAsync(request, cancel);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
        {
            return false;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotImplemented)
        {
            return !await IsThereAsync(client, name, cancel) && await WriteAsync(client, name, content, cancel);
        }
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

        // Not cut off: what was begun has to be known, or it cannot be given up.
        InitiateMultipartUploadResponse upload = await client.InitiateMultipartUploadAsync(
            new InitiateMultipartUploadRequest { BucketName = address.Bucket, Key = key, ContentType = "application/octet-stream", ChecksumAlgorithm = ChecksumAlgorithm.SHA256 }, _ending.Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var parts = new List<Task<PartETag>>();
        try
        {
            for (int offset = 0; offset < content.Length; offset += Limits.S3PartBytes)
            {
                ReadOnlyMemory<byte> part = content.Slice(offset, Math.Min(Limits.S3PartBytes, content.Length - offset));
                parts.Add(WritePartAsync(client, key, upload.UploadId, parts.Count + 1, part, stop.Token));
            }

            foreach (Task<PartETag> part in parts) await part;
            await CompleteAsync(client, name, upload.UploadId, [.. parts.Select(static part => part.Result)], content.Length, cancel);
        }
        catch
        {
            // The buffer is lent: nobody reads it any more when the failure is told.
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(parts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first failure is on its way to the caller
            await AbortAsync(client, key, upload.UploadId);
            throw;
        }
    }

    private async Task<PartETag> WritePartAsync(AmazonS3Client client, string key, string upload, int number, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        string hash = HashOf(content);
        UploadPartResponse answer = await client.UploadPartAsync(
            new UploadPartRequest { BucketName = address.Bucket, Key = key, UploadId = upload, PartNumber = number, PartSize = content.Length, InputStream = StreamOf(content), UseChunkEncoding = false, ChecksumSHA256 = hash },
            cancel);
        return new PartETag(number, answer.ETag) { ChecksumSHA256 = hash };
    }

    private async Task CompleteAsync(AmazonS3Client client, string name, string upload, List<PartETag> parts, int length, CancellationToken cancel)
    {
        try
        {
            await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = address.Bucket, Key = KeyOf(name), UploadId = upload, PartETags = parts }, cancel);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload")
        {
            // An earlier attempt may have been carried out, and its answer lost. Then the file is there and has the tag of these parts.
            GetObjectMetadataResponse found = await client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = address.Bucket, Key = KeyOf(name) }, cancel);
            if (found.ContentLength != length || found.ETag.Trim('"') != TagOf(parts)) throw;
        }
    }

    /// <summary>Gives up an upload, so that what was sent of it costs nothing. If that fails, too, it is found a day later.</summary>
    private async Task AbortAsync(AmazonS3Client client, string key, string upload)
    {
        using var limit = new CancellationTokenSource(Limits.S3AbortTimeMax, time);
        try
        {
            await client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = address.Bucket, Key = key, UploadId = upload }, limit.Token);
        }
        catch (Exception e) when (S3Failure.IsEnvironmental(e))
        {
            // Why the upload failed is on its way to the caller.
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
