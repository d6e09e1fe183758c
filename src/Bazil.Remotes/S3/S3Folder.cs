using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using Amazon.S3;
using Amazon.S3.Model;
using Bazil.Remotes.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.S3;

/// <summary>
/// A bucket, or what lies below a prefix in one, on any server that speaks S3. Connects when first used. A write is one request, or an upload in parts for larger files; it shows as a whole.
/// </summary>
/// <param name="address">Where it is.</param>
/// <param name="key">Reads the credentials that this node keeps, for each request; null for those that AWS's own tools find.</param>
/// <param name="time">Tells when a silent server is given up, and how old uploads are.</param>
public sealed partial class S3Folder(S3Address address, Func<S3Key>? key, TimeProvider time) : IRemoteFolder
{
    private readonly CancellationTokenSource _ending = new();

    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private S3Connection? _connection;

    public string Name { get; } = address.ToString();

    public ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(CallAsync("write", name, (client, token) => WriteAsync(client, name, content, token), cancel));

    public ValueTask<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(CallAsync("write", name, (client, token) => CreateAsync(client, name, content, token), cancel));

    public ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(WriteIfAsync(where, name, content, cancel));

    public ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) => new(CallAsync("read", name, (client, token) => ReadAsync(client, name, offset, buffer, token), cancel));

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel) => new(CallAsync("delete", name, async (client, token) =>
    {
        // The server says the same whether there was one or not.
        if (!await IsThereAsync(client, name, token)) return false;
        await client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = address.Bucket, Key = KeyOf(name) }, token);
        return true;
    }, cancel));

    /// <summary>A bucket has no end, or does not tell.</summary>
    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return new((RemoteSpace?)null);
    }

    /// <summary>Ends all connections; calls that are under way fail.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_ending.IsCancellationRequested) return ValueTask.CompletedTask;
            _ending.Cancel();
            _connection?.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async Task<int?> ReadAsync(AmazonS3Client client, string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (buffer.IsEmpty) return await IsThereAsync(client, name, cancel) ? 0 : null;
        string? version = null;
        int done = 0;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using GetObjectResponse? answer = await OpenAsync(client, name, offset + done, buffer.Length - done, version, cancel);
                if (answer is null) return null; // also when it was deleted meanwhile
                version = answer.ETag;
                int wanted = WantedOf(answer, name, offset + done, buffer.Length - done) is { } some ? done + some : buffer.Length, read;
                while (done < wanted && (read = await answer.ResponseStream.ReadAsync(buffer[done..wanted], cancel)) > 0) done += read;
                if (done == wanted || answer.HttpStatusCode == HttpStatusCode.OK) return done;
                throw new IOException("the answer ended before its end");
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && done == 0)
            {
                return 0; // the offset is at the end or beyond
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed && attempt < Limits.S3Retries)
            {
                (done, version) = (0, null); // replaced while it was read
            }
            catch (IOException e) when (e is not StoreException && attempt < Limits.S3Retries && !cancel.IsCancellationRequested)
            {
                // The connection ended within the answer. The rest is fetched, of the same version.
            }
        }
    }

    /// <summary>
    /// How much of what was asked for an answer has; null when that shows only at its end, in the answer of a server that sends all. Less than was asked for is the end of the file only when the answer says so.
    /// </summary>
    private int? WantedOf(GetObjectResponse answer, string name, long offset, int length)
    {
        if (answer.HttpStatusCode == HttpStatusCode.OK) return null;
        if (ContentRangeHeaderValue.TryParse(answer.ContentRange, out ContentRangeHeaderValue? range) && range.To is { } last)
        {
            long there = last + 1 - offset;
            if (there >= length) return length;
            if (there > 0 && last + 1 == range.Length) return (int)there;
        }

        throw new StoreException($"{Name}: cannot read {name}: the server sends less of it than was asked for, and it does not end there") { IsUnreachable = true };
    }

    /// <summary>Begins to read; null when there is no such file. The caller disposes it.</summary>
    private async Task<GetObjectResponse?> OpenAsync(AmazonS3Client client, string name, long offset, int length, string? version, CancellationToken cancel)
    {
        var request = new GetObjectRequest { BucketName = address.Bucket, Key = KeyOf(name), ByteRange = new ByteRange(offset, offset + length - 1), EtagToMatch = version };
        try
        {
            GetObjectResponse answer = await client.GetObjectAsync(request, cancel);
            bool isRange = answer.HttpStatusCode == HttpStatusCode.PartialContent && (answer.ContentRange ?? "").StartsWith(string.Create(CultureInfo.InvariantCulture, $"bytes {offset}-"), StringComparison.Ordinal);
            if (isRange || (answer.HttpStatusCode == HttpStatusCode.OK && offset == 0)) return answer;
            answer.Dispose();
            throw new StoreException($"{Name}: cannot read {name}: the server sends another part of it than was asked for; it is none that can keep packs");
        }
        catch (AmazonS3Exception e) when (S3Failure.IsNoSuchFile(e))
        {
            return null; // the answer, not a failure
        }
    }

    /// <summary>Whether there is such a file. A question for its attributes would not tell a missing file from a missing bucket.</summary>
    private async Task<bool> IsThereAsync(AmazonS3Client client, string name, CancellationToken cancel)
    {
        try
        {
            using GetObjectResponse? answer = await OpenAsync(client, name, 0, 1, null, cancel);
            return answer is not null;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return true; // it is empty
        }
    }

    /// <summary>Two calls, so that a failure names the right that is missing. They go to the same bucket, whichever connections they use.</summary>
    private async Task<bool> WriteIfAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        byte[] beginning = new byte[where.Bytes.Length];
        if (await ReadAsync(where.Name, 0, beginning, cancel) is null || !beginning.AsSpan().SequenceEqual(where.Bytes.Span)) return false;
        await WriteAsync(name, content, cancel);
        return true;
    }

    private async Task<T> CallAsync<T>(string verb, string name, Func<AmazonS3Client, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _ending.Token);
        for (bool isAgain = false; ; isAgain = true)
        {
            try
            {
                return await call(Connect(), stop.Token);
            }
            catch (AmazonS3Exception e) when (!isAgain && S3Failure.IsGarbled(e))
            {
                // All calls may be repeated.
            }
            catch (Exception e) when (S3Failure.IsEnvironmental(e))
            {
                cancel.ThrowIfCancellationRequested();
                throw _ending.IsCancellationRequested ? new StoreException($"{Name} is closed", e) : S3Failure.Explain(address, $"{verb} {name}", e);
            }
        }
    }

    private AmazonS3Client Connect()
    {
        lock (_gate)
        {
            if (_ending.IsCancellationRequested) throw new StoreException($"{Name} is closed");
            _connection ??= new S3Connection(address, key is null ? null : new NamedCredentials(key), time);
            return _connection.Client;
        }
    }

    private string KeyOf(string name) => address.Prefix.Length == 0 ? name : $"{address.Prefix}/{name}";

    /// <summary>The bytes as a stream, without a copy where they lie in an array.</summary>
    private static MemoryStream StreamOf(ReadOnlyMemory<byte> content) =>
        MemoryMarshal.TryGetArray(content, out ArraySegment<byte> segment) ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false) : new MemoryStream(content.ToArray(), writable: false);
}
