using System.Collections.Concurrent;
using Bazil.Remotes.Folders;
using Bazil.Remotes.S3;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Tests.S3;

/// <summary>The S3 folder against servers that are broken, lie, or are none.</summary>
public sealed class S3LyingServerTests
{
    private static readonly CancellationToken _none = CancellationToken.None;

    [Fact]
    public async Task Success_that_does_not_say_what_was_kept_is_none()
    {
        await using var server = new ScriptedServer(Answer("200 OK", ""));
        await using S3Folder folder = Open(server);
        StoreException failure = await FailsAsync(folder.WriteAsync("file", new byte[1], _none).AsTask(), "what it has kept");
        Assert.True(failure.IsUnreachable);
        await FailsAsync(folder.CreateAsync("file", new byte[1], _none).AsTask(), "what it has kept");
        await FailsAsync(folder.WriteAsync("file", new byte[Limits.S3PartBytes + 1], _none).AsTask(), "cannot write file");
    }

    [Theory]
    [InlineData("")]
    [InlineData("<NextContinuationToken>always the same</NextContinuationToken>")]
    public async Task Listing_that_is_not_all_and_does_not_go_on_is_no_listing(string next)
    {
        await using var server = new ScriptedServer(Answer("200 OK", Listing($"<IsTruncated>true</IsTruncated>{next}")));
        await using S3Folder folder = Open(server);
        await FailsAsync(ListAsync(folder), "there is more");
    }

    [Fact]
    public async Task Name_that_is_longer_than_any_is_refused()
    {
        await using var server = new ScriptedServer(Answer("200 OK", Listing($"<Contents><Key>packs/{new string('x', 2000)}</Key><Size>1</Size></Contents>")));
        await using S3Folder folder = Open(server);
        await FailsAsync(ListAsync(folder), "2006 letters");
    }

    [Theory]
    [InlineData("200 OK", "", "<ListBucketResult><Name>bucket</N")]
    [InlineData("200 OK", "", "")]
    [InlineData("200 OK", "", "<ListBucketResult><Name>bucket</Name><Contents><Size>x</Size></Contents></ListBucketResult>")]
    [InlineData("200 OK", "", "<ListBucketResult><Name>bucket</Name><Contents><Size>1</Size></Contents></ListBucketResult>")]
    [InlineData("307 Temporary Redirect", "Location: /login\r\n", "")]
    [InlineData("307 Temporary Redirect", "Location: http://portal.invalid/login\r\n", "")]
    [InlineData("301 Moved Permanently", "Location: :::\r\n", "")]
    public async Task Whatever_answers_a_call_fails_by_name(string status, string header, string content)
    {
        await using var server = new ScriptedServer(Answer(status, content, header));
        await using S3Folder folder = Open(server);
        await FailsAsync(ListAsync(folder), server.Endpoint);
        if (status != "200 OK") await FailsAsync(folder.ReadAsync("file", 0, new byte[1], _none).AsTask(), "cannot read file");
    }

    [Theory]
    [InlineData("206 Partial Content", "Content-Range: bytes 0-9/100\r\n", 10)]
    [InlineData("206 Partial Content", "Content-Range: bytes 0-9/10\r\n", 20)]
    [InlineData("200 OK", "", 10)]
    [InlineData("200 OK", "", 20)]
    public async Task Answer_that_does_not_tell_its_length_is_read_to_its_end(string status, string header, int asked)
    {
        await using var server = new ScriptedServer($"HTTP/1.1 {status}\r\nETag: \"x\"\r\n{header}Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n");
        await using S3Folder folder = Open(server);
        byte[] buffer = new byte[asked];
        Assert.Equal(10, await folder.ReadAsync("file", 0, buffer, _none));
        Assert.Equal("0123456789"u8, buffer.AsSpan(0, 10));
    }

    [Theory]
    [InlineData("bytes 0-4/100", "01234")]
    [InlineData("bytes 0-4/*", "01234")]
    [InlineData("bytes 0-9/10", "01234")]
    public async Task Part_that_is_short_is_not_taken_for_the_end(string range, string content)
    {
        await using var server = new ScriptedServer(Answer("206 Partial Content", content, $"ETag: \"x\"\r\nContent-Range: {range}\r\n"));
        await using S3Folder folder = Open(server);
        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => folder.ReadAsync("file", 0, new byte[10], _none).AsTask());
        Assert.Contains("cannot read file", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("501 Not Implemented", "NotImplemented")]
    [InlineData("403 Forbidden", "AccessDenied")]
    public async Task Server_that_cannot_tell_of_uploads_is_listed(string status, string code)
    {
        int asked = 0;
        await using var server = new ScriptedServer(request =>
        {
            if (!request.Contains("uploads", StringComparison.Ordinal)) return Answer("200 OK", Listing(""));
            Interlocked.Increment(ref asked);
            return Answer(status, Error(code));
        });
        await using S3Folder folder = Open(server);
        await ListAsync(folder);
        await ListAsync(folder);
        Assert.Equal(1, asked); // it is not asked again before a day is over
    }

    [Fact]
    public async Task Write_at_the_same_moment_as_anothers_is_tried_again_and_only_a_file_that_is_there_keeps_one_from_being_created()
    {
        int asked = 0;
        string last = Answer("412 Precondition Failed", Error("PreconditionFailed"));
        await using var server = new ScriptedServer(_ => Interlocked.Increment(ref asked) == 1 ? Answer("409 Conflict", Error("ConditionalRequestConflict")) : last);
        await using S3Folder folder = Open(server);
        Assert.False(await folder.CreateAsync("mark", new byte[1], _none));
        (asked, last) = (0, Answer("200 OK", "", "ETag: \"x\"\r\n"));
        Assert.True(await folder.CreateAsync("mark", new byte[1], _none));
        last = Answer("409 Conflict", Error("ConditionalRequestConflict"));
        StoreException failure = await FailsAsync(folder.CreateAsync("mark", new byte[1], _none).AsTask(), "others write there");
        Assert.True(failure.IsUnreachable);
    }

    [Fact]
    public async Task Quota_of_other_servers_is_a_full_store_and_a_denied_mark_is_not_told_as_a_denied_write()
    {
        await using var full = new ScriptedServer(Answer("400 Bad Request", Error("XMinioAdminBucketQuotaExceeded")));
        await using S3Folder quota = Open(full);
        Assert.True((await FailsAsync(quota.WriteAsync("file", new byte[1], _none).AsTask(), "no room left")).IsDiskFull);
        await using var denying = new ScriptedServer(Answer("403 Forbidden", Error("AccessDenied")));
        await using S3Folder denied = Open(denying);
        await FailsAsync(denied.WriteWhereAsync(new FileBeginning("mark", new byte[1]), "file", new byte[1], _none).AsTask(), "cannot read mark", "s3:GetObject");
    }

    [Fact]
    public async Task Upload_that_could_not_be_given_up_is_given_up_before_the_next()
    {
        var requests = new ConcurrentQueue<string>();
        bool maySucceed = false;
        await using var server = new ScriptedServer(request =>
        {
            string what = request.Contains("DELETE ", StringComparison.Ordinal) ? "abort" : request.Contains("POST ", StringComparison.Ordinal) ? "begin" : "part";
            requests.Enqueue(what);
            return what switch
            {
                "abort" when maySucceed => Answer("204 No Content", ""),
                "begin" => Answer("200 OK", "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>file</Key><UploadId>one</UploadId></InitiateMultipartUploadResult>"),
                _ => Answer("403 Forbidden", Error("AccessDenied"), "Connection: close\r\n"),
            };
        });
        await using S3Folder folder = Open(server);
        byte[] content = new byte[Limits.S3PartBytes + 1];
        await FailsAsync(folder.WriteAsync("file", content, _none).AsTask(), "does not allow it");
        Assert.Contains("abort", requests);
        requests.Clear();
        Volatile.Write(ref maySucceed, true);
        await FailsAsync(folder.WriteAsync("file", content, _none).AsTask(), "does not allow it");
        Assert.Equal(["abort", "begin"], requests.Take(2));
        Assert.Equal(2, requests.Count(static what => what == "abort"));
    }

    private static S3Folder Open(ScriptedServer server) => new(new S3Address("bucket", "", server.Endpoint, null, true, null), static () => new S3Key("a", "b", null), TimeProvider.System);

    private static string Answer(string status, string content, string header = "") => $"HTTP/1.1 {status}\r\n{header}Content-Length: {content.Length}\r\n\r\n{content}";

    private static string Listing(string content) => $"<ListBucketResult><Name>bucket</Name>{content}</ListBucketResult>";

    private static string Error(string code) => $"<Error><Code>{code}</Code><Message>no</Message></Error>";

    private static async Task<List<RemoteFile>> ListAsync(S3Folder folder)
    {
        var files = new List<RemoteFile>();
        await foreach (RemoteFile file in folder.ListAsync("packs", _none)) files.Add(file);
        return files;
    }

    private static async Task<StoreException> FailsAsync(Task call, params string[] words)
    {
        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => call);
        foreach (string word in words) Assert.True(failure.Message.Contains(word, StringComparison.Ordinal), failure.ToString());
        return failure;
    }
}
