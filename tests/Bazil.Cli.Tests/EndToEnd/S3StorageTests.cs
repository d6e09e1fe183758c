using System.Globalization;
using System.Text;
using System.Text.Json;
using Amazon.S3.Model;
using Bazil.Testing.S3;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A storage on a real S3 server: what a volume has is copied there by itself, over its end and start, and another machine reads it from there.</summary>
public sealed class S3StorageTests : EndToEndTest
{
    private static readonly byte[] _keys = Encoding.ASCII.GetBytes($"{S3Server.AccessKey}\n{S3Server.SecretKey}\n");

    private S3Server? _server;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server?.Dispose();
    }

    [Fact]
    public async Task Volume_is_copied_to_a_bucket_over_failures_and_another_machine_reads_it_from_there_alone()
    {
        Assert.SkipWhen(S3Server.WhyNone is not null, S3Server.WhyNone ?? "");
        _server = new S3Server();
        string bucket = await _server.MakeBucketAsync();

        // No credentials but those that it is given.
        foreach (string variable in (string[])["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]) White.Variables[variable] = "/dev/null";
        White.Variables["AWS_EC2_METADATA_DISABLED"] = "true";
        await MountAsync(White);
        await RefuseAsync(_server, bucket);

        // The address with its options as flags, and a key that is put right later.
        await White.RunAsync("secret set nas", Encoding.ASCII.GetBytes("aws_access_key_id=WRONG\naws_secret_access_key=hidden\n"));
        string add = $"volume storage add -endpoint={_server.Endpoint} -secret=nas myfiles cloud s3://{bucket}/backup";
        await White.FailsAsync(add, "does not know this access key", "secret set nas");
        await White.RunAsync("secret set nas", _keys);
        Assert.Equal("-rw-------", (await White.ShellAsync($"ls -l '{White.DataDirectory}/secrets/nas'"))[..10]);
        await White.ShellAsync("mkdir mnt/dir; head -c 3000000 /dev/urandom >mnt/dir/before; for i in $(seq 200); do echo $i >mnt/dir/$i; done");
        await White.RunAsync(add);
        Assert.Matches(@"nas +myfiles/cloud", await White.RunAsync("secret list"));
        await White.FailsAsync("secret remove nas", "myfiles/cloud needs secret nas");
        await CompleteAsync(White);

        // The server dies in the middle and comes back.
        await White.ShellAsync("head -c 40000000 /dev/urandom >mnt/large");
        await UntilAsync(White, static copy => copy.GetProperty("state").GetString() == "copying" || copy.GetProperty("sentBytes").GetInt64() > 10_000_000);
        _server.Stop();
        await UntilAsync(White, static copy => copy.GetProperty("state").GetString() == "away" && copy.GetProperty("problem").GetString()!.Contains("connection", StringComparison.Ordinal));
        string sums = await White.ShellAsync("cd mnt; sha256sum large dir/before dir/7 dir/200");
        await White.ShellAsync("mkdir mnt/.snap/one");
        _server.Start();
        await CompleteAsync(White);
        Assert.Matches(@"cloud +s3://.*secret=nas .*complete", await White.RunAsync("volume storage list myfiles"));
        Assert.InRange((await _server.ListAsync(bucket)).Count, 3, 20);
        string key = await White.ShellAsync($"'{Node.ProgramPath}' -data-dir='{White.DataDirectory}' snapshot list -json myfiles | grep -o '\"key\": *\"[0-9a-f]*\"' | grep -o '[0-9a-f]\\{{64\\}}'");
        await White.RunAsync($"sharing export default {White.Directory}/key");
        Assert.DoesNotContain("hidden", White.Messages);
        Assert.DoesNotContain(S3Server.SecretKey, White.Messages);
        Assert.Equal(0, await White.StopServerAsync());

        await ReadElsewhereAsync($"s3://{bucket}/backup?endpoint={_server.Endpoint}&secret=own", key, sums);
    }

    [Fact]
    public async Task Content_that_is_in_the_bucket_goes_from_this_machine_while_that_can_be_seen_and_comes_back_from_there()
    {
        Assert.SkipWhen(S3Server.WhyNone is not null, S3Server.WhyNone ?? "");
        _server = new S3Server();
        string bucket = await _server.MakeBucketAsync();
        await MountAsync(White);
        await White.RunAsync("secret set nas", _keys);
        await White.RunAsync($"volume storage add -endpoint={_server.Endpoint} -secret=nas myfiles cloud s3://{bucket}/backup");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/file");
        string sum = await White.ShellAsync("sha256sum <mnt/file");
        await CompleteAsync(White);
        _server.Stop();
        Assert.Matches(@"^nothing went\nstays: .* cloud could not be asked: ", await White.RunAsync("evict mnt/file"));
        _server.Start();
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/file"));
        Assert.Matches(@"mnt/file +default +1 of \d+ chunks", await White.RunAsync("whereis mnt/file"));

        // Somebody has emptied the bucket: then it has none, whatever this machine remembers.
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/other");
        await CompleteAsync(White);
        Assert.Matches(@"^fetched 2\.\d+ MiB in", await White.RunAsync("get mnt/file"));
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/file"));
        foreach (string pack in (await _server.ListAsync(bucket)).Where(static name => name.Contains("/packs/", StringComparison.Ordinal))) await _server.Client.DeleteObjectAsync(bucket, pack, Cancel);
        Assert.Matches(@"^nothing went\nstays: .* objects: cloud does not have it$", await White.RunAsync("evict mnt/other"));
    }

    /// <summary>Another machine, with nothing but the bucket, its credentials, the sharing key and the key of the snapshot.</summary>
    private async Task ReadElsewhereAsync(string address, string snapshot, string sums)
    {
        await Black.RunAsync("create");
        await Black.StartServerAsync();
        await Black.RunAsync("secret set own", _keys);
        await Black.RunAsync("sharing add theirs", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        await Black.RunAsync($"volume import -snapshot={snapshot} -sharing=theirs -storage={address} copy");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount copy mnt");
        Assert.Equal(sums, await Black.ShellAsync("cd mnt; sha256sum large dir/before dir/7 dir/200"));

        // Two volumes may use one bucket: what they put there is named by its content and sealed.
        await Black.RunAsync("volume create other");
        await Black.RunAsync($"volume storage add other cloud {address}");
        await Black.FailsAsync($"volume storage add other again {address}", "uses this storage already, as cloud");
    }

    private async Task RefuseAsync(S3Server server, string bucket)
    {
        string options = $"?endpoint={server.Endpoint}&secret=nas";
        await White.FailsAsync($"volume storage add myfiles cloud s3://{S3Server.AccessKey}:{S3Server.SecretKey.Replace('/', '.')}@{bucket}", "credentials are no part of an address", "secret set");
        Assert.Equal(2, (await White.TryAsync("volume storage add -region=x myfiles cloud sftp://host/x")).Code);
        await White.FailsAsync($"volume storage add myfiles cloud s3://{bucket}{options}", "there is no secret called nas", "secret set nas");
        await White.FailsAsync("secret remove nas", "there is no secret called nas");
        await White.FailsAsync("secret set ../evil", "");
        await White.RunAsync("secret set nas", _keys);
        await White.FailsAsync($"volume storage add myfiles cloud s3://no-such-bucket{options}", "there is no bucket no-such-bucket");
        await White.FailsAsync($"volume storage add myfiles cloud s3://{bucket}?endpoint=http://127.0.0.1:1&secret=nas", "refuses the connection");
        await White.FailsAsync($"volume storage add myfiles cloud s3://{bucket}?endpoint={server.SecureEndpoint}&secret=nas", "certificate", "update-ca-certificates");
        await White.FailsAsync($"volume storage add myfiles cloud s3://{bucket}?endpoint={server.Endpoint}", "no credentials were found", "secret set NAME");
        await White.FailsAsync($"volume create -backend=s3://{bucket}{options} other", "a volume is written to local", "volume storage add");
        await server.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = "holiday.jpg", ContentBody = "x" }, Cancel);
        await White.FailsAsync($"volume storage add myfiles cloud s3://{bucket}{options}", "has other things in it (holiday.jpg)");
        Assert.DoesNotContain("cloud", await White.RunAsync("volume storage list myfiles"));
        await White.RunAsync("secret remove nas");
    }

    private static Task CompleteAsync(Node node) => UntilAsync(node, static copy => copy.GetProperty("state").GetString() == "complete");

    private static async Task UntilAsync(Node node, Func<JsonElement, bool> isReached)
    {
        long deadline = Environment.TickCount64 + 60_000;
        for (;;)
        {
            string reply = await node.RunAsync("volume storage list -json myfiles");
            JsonElement copy = JsonDocument.Parse(reply).RootElement.GetProperty("storages")[1].GetProperty("copy");
            if (isReached(copy)) return;
            Assert.True(Environment.TickCount64 < deadline, string.Create(CultureInfo.InvariantCulture, $"it was not reached: {reply}\n{node.Messages}"));
        }
    }
}
