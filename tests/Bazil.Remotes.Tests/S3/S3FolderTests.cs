using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Amazon.S3.Model;
using Bazil.Remotes.Folders;
using Bazil.Remotes.S3;
using Bazil.Remotes.Tests.Contracts;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Testing.S3;

namespace Bazil.Remotes.Tests.S3;

/// <summary>The S3 folder against Ceph's gateway.</summary>
public sealed class S3FolderTests : RemoteFolderContract
{
    private static readonly CancellationToken _none = CancellationToken.None;

    [Fact]
    public async Task Large_file_is_sent_in_parts_and_leaves_no_upload_behind()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using S3Folder folder = server.OpenFolder(bucket, "deep/below");
        byte[] content = Bytes(1, (2 * Limits.S3PartBytes) + 12_345);
        await folder.WriteAsync("packs/large", content, _none);
        byte[] buffer = new byte[content.Length + 1];
        Assert.Equal(content.Length, await folder.ReadAsync("packs/large", 0, buffer, _none));
        Assert.True(content.AsSpan().SequenceEqual(buffer.AsSpan(0, content.Length)));
        GetObjectMetadataResponse found = await server.Client.GetObjectMetadataAsync(bucket, "deep/below/packs/large", _none);
        Assert.EndsWith("-3\"", found.ETag, StringComparison.Ordinal);

        // One that is cut off is given up.
        using var stop = new CancellationTokenSource();
        Task write = folder.WriteAsync("packs/other", content, stop.Token).AsTask();
        await UntilAsync(async () => await CountUploadsAsync(server, bucket) == 1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.Equal(0, await CountUploadsAsync(server, bucket));
        Assert.Null(await folder.ReadAsync("packs/other", 0, new byte[1], _none));
    }

    [Fact]
    public async Task Uploads_that_a_dead_node_left_are_given_up_after_a_day_and_others_never()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        foreach (string key in (string[])["mine/packs/aa/left", "theirs/left"]) await server.Client.InitiateMultipartUploadAsync(new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, _none);
        var time = new ManualTime();
        time.Advance(TimeProvider.System.GetUtcNow() - time.GetUtcNow());
        await using S3Folder folder = server.OpenFolder(bucket, "mine", time: time);
        Assert.Empty(await ListAsync(folder, "packs"));
        Assert.Equal(2, await CountUploadsAsync(server, bucket));
        time.Advance(Limits.TemporaryAge + TimeSpan.FromMinutes(1));
        Assert.Empty(await ListAsync(folder, ""));
        Assert.Equal(2, await CountUploadsAsync(server, bucket)); // it may be somebody else's bucket
        Assert.Empty(await ListAsync(folder, "packs"));
        Assert.Equal(1, await CountUploadsAsync(server, bucket));
    }

    [Fact]
    public async Task Listing_of_many_pages_names_everything_once()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using S3Folder folder = server.OpenFolder(bucket, "p");
        string[] names = [.. Enumerable.Range(0, 2300).Select(static index => index < 1100 ? $"packs/00/{index}" : index < 2200 ? $"packs/{index % 256:x2}/{index}" : $"packs/{index}"), "packs/we ird+&%é\u0001", "elsewhere/file"];
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, cancel) => await folder.WriteAsync(name, new byte[1], cancel));
        await server.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "p/packs/", ContentBody = "" }, _none); // as programs make that show directories
        await server.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "packs/other", ContentBody = "x" }, _none);
        Assert.Equal(names.Where(static name => name.StartsWith("packs/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), (await ListAsync(folder, "packs")).Select(static file => file.Name).Order(StringComparer.Ordinal));
        Assert.Equal(names.Order(StringComparer.Ordinal), (await ListAsync(folder, "")).Select(static file => file.Name).Order(StringComparer.Ordinal));

        // Who needs only the first, or gives up, is not kept waiting for the rest.
        await foreach (RemoteFile file in folder.ListAsync("packs", _none)) break;
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (RemoteFile file in folder.ListAsync("packs", stop.Token)) await stop.CancelAsync();
        });
    }

    [Fact]
    public async Task Only_one_of_many_creates_a_file()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using S3Folder folder = server.OpenFolder(bucket);
        bool[] created = await Task.WhenAll(Enumerable.Range(0, 8).Select(async index => await folder.CreateAsync("mark", new byte[] { (byte)index }, _none)));
        int winner = Array.IndexOf(created, true);
        Assert.Single(created, static won => won);
        byte[] buffer = new byte[2];
        Assert.Equal(1, await folder.ReadAsync("mark", 0, buffer, _none));
        Assert.Equal(winner, buffer[0]);
    }

    [Fact]
    public async Task Missing_bucket_is_an_error_and_never_an_empty_folder()
    {
        S3Server server = S3ServerExtensions.Shared;
        await using S3Folder folder = server.OpenFolder("no-such-bucket");
        await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "there is no bucket no-such-bucket", "make it");
        await FailsAsync(folder.WriteAsync("file", new byte[1], _none).AsTask(), "there is no bucket");
        await FailsAsync(folder.WriteAsync("file", new byte[Limits.S3PartBytes + 1], _none).AsTask(), "there is no bucket");
        await FailsAsync(folder.DeleteAsync("file", _none).AsTask(), "there is no bucket");
        await FailsAsync(ListAsync(folder, "packs"), "there is no bucket");
    }

    [Fact]
    public async Task Wrong_credentials_are_errors_that_name_the_secret()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        S3Key key = new("NOBODY", "x", null);
        await using S3Folder folder = server.OpenFolder(bucket, key: () => key);
        StoreException refused = await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "does not know this access key", "bazil secret set nas");
        Assert.False(refused.IsUnreachable);
        key = new(S3Server.AccessKey, "hidden", null);
        refused = await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "the secret key is wrong", "bazil secret set nas");
        Assert.DoesNotContain("hidden", refused.ToString(), StringComparison.Ordinal);

        // What is put right counts at once.
        key = new(S3Server.AccessKey, S3Server.SecretKey, null);
        Assert.Null(await folder.ReadAsync("file", 0, new byte[1], _none));
    }

    [Fact]
    public async Task Credentials_that_cannot_be_had_are_told_as_their_keeper_tells_it()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using S3Folder folder = server.OpenFolder(bucket, key: static () => throw new StoreException("there is no secret nas"));
        await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "there is no secret nas");
    }

    [Fact]
    public async Task Bucket_that_may_only_be_read_is_read_and_writing_says_what_is_missing()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        server.Administer("user", "create", "--uid=reader", "--display-name=reader", "--access-key=READERKEY", "--secret-key=reader");
        await server.Client.PutBucketPolicyAsync(bucket, $$"""
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/reader"]},
             "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::{{bucket}}", "arn:aws:s3:::{{bucket}}/*"]}]}
            """, _none);
        await using S3Folder writer = server.OpenFolder(bucket);
        await writer.WriteAsync("packs/file", Bytes(1, 100), _none);
        await using S3Folder reader = server.OpenFolder(bucket, key: static () => new S3Key("READERKEY", "reader", null));
        Assert.Equal(100, await reader.ReadAsync("packs/file", 0, new byte[200], _none));
        Assert.Single(await ListAsync(reader, "packs"));
        await FailsAsync(reader.WriteAsync("packs/other", new byte[1], _none).AsTask(), "does not allow it", "s3:PutObject");
        await FailsAsync(reader.DeleteAsync("packs/file", _none).AsTask(), "does not allow it", "s3:DeleteObject");
        await using S3Folder stranger = server.OpenFolder(await server.MakeBucketAsync(), key: static () => new S3Key("READERKEY", "reader", null));
        await FailsAsync(ListAsync(stranger, "packs"), "does not allow it", "s3:ListBucket");
    }

    [Fact]
    public async Task Quota_that_is_used_up_is_a_full_store()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        server.Administer("quota", "set", "--quota-scope=bucket", $"--bucket={bucket}", "--max-size=100000", "--max-objects=-1");
        server.Administer("quota", "enable", "--quota-scope=bucket", $"--bucket={bucket}");
        await using S3Folder folder = server.OpenFolder(bucket);
        await folder.WriteAsync("small", new byte[1000], _none);
        StoreException full = await FailsAsync(folder.WriteAsync("large", new byte[200_000], _none).AsTask(), "no room left", "quota");
        Assert.True(full.IsDiskFull);
        full = await FailsAsync(folder.WriteAsync("larger", new byte[Limits.S3PartBytes + 1], _none).AsTask(), "no room left");
        Assert.True(full.IsDiskFull);
        Assert.Equal(0, await CountUploadsAsync(server, bucket));
        Assert.Equal(1000, await folder.ReadAsync("small", 0, new byte[2000], _none));
    }

    [Fact]
    public async Task Clock_that_is_wrong_is_told()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        server.StartSkewed();
        await using S3Folder folder = server.OpenFolder(bucket, endpoint: server.SkewedEndpoint);
        await FailsAsync(folder.WriteAsync("file", new byte[1], _none).AsTask(), "clocks", "timedatectl");
    }

    [Fact]
    public async Task Certificate_that_nobody_vouches_for_is_refused()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using S3Folder folder = server.OpenFolder(bucket, endpoint: server.SecureEndpoint);
        StoreException refused = await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "certificate", "update-ca-certificates");
        Assert.False(refused.IsUnreachable);
    }

    [Fact]
    public async Task Server_that_is_not_there_or_no_such_server_is_told()
    {
        await using (var folder = new S3Folder(new S3Address("bucket", "", "http://127.0.0.1:1", null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System))
        {
            StoreException away = await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "http://127.0.0.1:1 refuses the connection");
            Assert.True(away.IsUnreachable);
        }

        await using (var folder = new S3Folder(new S3Address("bucket", "", "http://no.such.host.invalid", null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System))
        {
            StoreException away = await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "cannot be resolved");
            Assert.True(away.IsUnreachable);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>", "does not speak S3")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>", "look at the endpoint")]
    [InlineData("HTTP/1.1 301 Moved Permanently\r\nContent-Type: application/xml\r\nContent-Length: 94\r\n\r\n<Error><Code>PermanentRedirect</Code><Message>the bucket is addressed elsewhere</Message></Error>", "another region")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nContent-Length: 117\r\n\r\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong; expecting 'eu-west-3'</Message></Error>  ", "eu-west-3")]
    [InlineData("HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 66\r\n\r\n<Error><Code>SlowDown</Code><Message>reduce</Message></Error>      ", "too much to do")]
    public async Task Other_servers_answers_are_told(string answer, string reason)
    {
        await using var server = new ScriptedServer(answer);
        await using var folder = new S3Folder(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System);
        await FailsAsync(ListAsync(folder, "packs/x"), reason);
    }

    [Fact]
    public async Task Part_that_was_not_asked_for_is_not_taken()
    {
        await using var server = new ScriptedServer("HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 10\r\n\r\n0123456789");
        await using var folder = new S3Folder(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System);
        await FailsAsync(folder.ReadAsync("file", 5, new byte[3], _none).AsTask(), "another part");
        byte[] buffer = new byte[3];
        Assert.Equal(3, await folder.ReadAsync("file", 0, buffer, _none)); // a server that always sends all is right about the beginning
        Assert.Equal("012"u8, buffer);
    }

    [Fact]
    public async Task Rest_of_an_answer_that_was_cut_off_is_fetched_of_the_same_version()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        byte[] content = Bytes(1, 600_000);
        await using (S3Folder direct = server.OpenFolder(bucket)) await direct.WriteAsync("file", content, _none);
        await using var relay = new CuttingRelay(new Uri(server.Endpoint).Port, cutAfterBytes: 200_000);
        await using S3Folder folder = server.OpenFolder(bucket, endpoint: relay.Endpoint);
        byte[] buffer = new byte[500_000];
        Assert.Equal(500_000, await folder.ReadAsync("file", 1000, buffer, _none));
        Assert.True(content.AsSpan(1000, 500_000).SequenceEqual(buffer));
        Assert.Equal(3, relay.Connections);
    }

    [Fact]
    public async Task Bytes_that_change_on_their_way_there_are_not_kept()
    {
        S3Server server = S3ServerExtensions.Shared;
        string bucket = await server.MakeBucketAsync();
        await using var relay = new CuttingRelay(new Uri(server.Endpoint).Port, cutAfterBytes: long.MaxValue) { FlipsUploads = true };
        await using S3Folder folder = server.OpenFolder(bucket, endpoint: relay.Endpoint);
        StoreException changed = await FailsAsync(folder.WriteAsync("file", RandomNumberGenerator.GetBytes(100_000), _none).AsTask(), "changed on their way");
        Assert.True(changed.IsUnreachable);
        Assert.Empty(await server.ListAsync(bucket));
    }

    [Fact]
    public async Task Server_that_falls_silent_is_given_up()
    {
        var time = new ManualTime();
        await using var server = new ScriptedServer("");
        await using var folder = new S3Folder(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), time);
        Task<int?> read = folder.ReadAsync("file", 0, new byte[1], _none).AsTask();
        while (!read.IsCompleted)
        {
            time.Advance(Limits.S3SilenceMax);
            await Task.Yield();
        }

        StoreException silent = await FailsAsync(read, "nothing for 30 seconds");
        Assert.True(silent.IsUnreachable);
    }

    [Fact]
    public async Task Cancelled_read_ends_its_connection_at_once()
    {
        await using var server = new ScriptedServer("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-999999/1000000\r\nContent-Length: 1000000\r\n\r\n0123456789");
        await using var folder = new S3Folder(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        Task<int?> read = folder.ReadAsync("file", 0, new byte[1_000_000], stop.Token).AsTask();
        await server.Answered;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await server.Closed.WaitAsync(TimeSpan.FromSeconds(10), _none);
    }

    [Fact]
    public async Task Closed_folder_fails_what_is_under_way_and_what_comes_later()
    {
        await using var server = new ScriptedServer("");
        var folder = new S3Folder(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System);
        Task<int?> read = folder.ReadAsync("file", 0, new byte[1], _none).AsTask();
        await server.Asked;
        await folder.DisposeAsync();
        await FailsAsync(read, "is closed");
        await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "is closed");
    }

    protected override async ValueTask<IRemoteFolder> CreateAsync()
    {
        S3Server server = S3ServerExtensions.Shared;
        return server.OpenFolder(await server.MakeBucketAsync(), "some/prefix");
    }

    private static async Task<StoreException> FailsAsync(Task call, params string[] words)
    {
        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => call);
        foreach (string word in words) Assert.True(failure.Message.Contains(word, StringComparison.Ordinal), failure.ToString());
        return failure;
    }

    private static async Task<int> CountUploadsAsync(S3Server server, string bucket) =>
        (await server.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket }, _none)).MultipartUploads?.Count ?? 0;

    private static async Task UntilAsync(Func<Task<bool>> isReached)
    {
        long deadline = Environment.TickCount64 + 30_000;
        while (!await isReached()) Assert.True(Environment.TickCount64 < deadline, "it was not reached");
    }
}
