using System.Text.Json;
using Bazil.Testing.Sftp;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Garbage in a folder on a real SFTP server that two machines use: it goes when both agree, and nothing else does.</summary>
public sealed class SharedStorageTests : EndToEndTest
{
    private readonly SftpServer _server = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Garbage_in_a_shared_folder_goes_when_all_who_use_it_agree_or_were_released()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        foreach (Node node in (Node[])[White, Black])
        {
            File.Copy(_server.WriteClientConfig(), Path.Combine(node.DataDirectory, "ssh_config"), overwrite: true);
            await node.RunAsync($"volume storage add myfiles nas {_server.Address}");
        }

        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/deleted");
        await CompleteAsync(White);
        await White.ShellAsync("head -c 2000000 /dev/urandom >mnt/kept");
        await SyncAsync();
        await Black.RunAsync("get mnt/kept"); // what it counts on there is not what it has written
        await CompleteAsync(White);
        await CompleteAsync(Black);
        long full = PackBytes();
        string sum = await White.ShellAsync("sha256sum <mnt/kept; rm mnt/deleted");

        await SyncAsync();
        await CollectAsync(White);
        await SyncAsync();
        Assert.Matches(@"would remove: +1 pack, [\d.]+ MiB; .* read and written anew, about \d+ requests", await White.RunAsync("gc --elsewhere --dry-run"));
        Assert.Equal(full, PackBytes());

        // Only who asks for it removes anything there, or announces that.
        for (int run = 0; run < 2; run++) Assert.DoesNotContain("announced", await White.RunAsync("gc"));
        Assert.Contains("gc --elsewhere", await White.RunAsync("gc --dry-run"));
        Assert.Equal(full, PackBytes());
        JsonElement announced = await CollectAsync(White);
        Assert.Equal(1, announced.GetProperty("done").GetProperty("announcedPacks").GetInt64());
        string told = await White.RunAsync("gc --elsewhere --dry-run");
        Assert.Contains("blocked by black: it has not said yet", told);
        Assert.Contains("volume storage release myfiles nas ", told);
        Assert.True(PackBytes() >= full);

        await Black.RunAsync("gc"); // which keeps what is in its trash: it writes that anew
        Assert.Equal(1, (await CollectAsync(White)).GetProperty("done").GetProperty("removedPacks").GetInt64());

        // Black is away, and gone for good.
        await Black.StopServerAsync();
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/deleted");
        await CompleteAsync(White);
        await White.ShellAsync("rm mnt/deleted");
        await White.RunAsync("peer volume deny black myfiles");
        for (int run = 0; run < 2; run++) await CollectAsync(White);
        Assert.Equal(1, (await CollectAsync(White)).GetProperty("done").GetProperty("announcedPacks").GetInt64());
        await White.RunAsync("volume storage release myfiles nas black");
        await White.FailsAsync("volume storage release myfiles nas black", "no node black has a lease in storage nas");
        Assert.Equal(1, (await CollectAsync(White)).GetProperty("done").GetProperty("removedPacks").GetInt64());

        // What black had written belongs to nobody now; what is left is all that is needed.
        for (int run = 0; run < 2; run++) await CollectAsync(White);
        Assert.InRange(PackBytes(), 2_000_000, 3_000_000);
        await White.StopServerAsync();
        await White.ShellAsync($"rm -r '{White.DataDirectory}/objects'");
        await White.StartServerAsync();
        await White.RunAsync("server ping");
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/kept"));
        await White.RunAsync("volume storage remove myfiles nas");
        Assert.All(Directory.GetFiles(Path.Combine(_server.Folder, "leases")), static lease => Assert.StartsWith("bazil lease given up", File.ReadAllText(lease), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Storage_that_is_away_is_named_and_the_rest_is_collected()
    {
        await MountAsync(White);
        File.Copy(_server.WriteClientConfig(), Path.Combine(White.DataDirectory, "ssh_config"), overwrite: true);
        await White.RunAsync($"volume storage add myfiles nas {_server.Address}");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/deleted");
        await CompleteAsync(White);
        await White.ShellAsync("rm mnt/deleted");
        await CollectAsync(White);
        _server.Stop();
        string told = await White.RunAsync("gc");
        Assert.Matches(@"deleted: +\d+ objects, 2\.\d+ MiB", told);
        Assert.Matches("left out: +.*refuses the connection", told);
        _server.Start();
        Assert.Equal(1, (await CollectAsync(White)).GetProperty("done").GetProperty("removedPacks").GetInt64());
    }

    [Fact]
    public async Task What_a_peer_keeps_for_this_node_goes_when_it_is_released()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await Black.RunAsync("peer storage allow white local");
        await White.RunAsync("volume storage add myfiles keeper peerkey:black");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/kept; head -c 3000000 /dev/urandom >mnt/deleted; sync mnt/kept mnt/deleted");
        await White.FailsAsync("volume storage sync myfiles keeper keeper", "are the same storage");
        await White.FailsAsync("volume storage sync myfiles nowhere keeper", "has no storage called nowhere");
        Assert.Matches(@"^copied 3\.\d+ MiB in .* chunks are there$", await White.RunAsync("volume storage sync myfiles local keeper"));
        string sum = await White.ShellAsync("sha256sum <mnt/kept; rm mnt/deleted");

        await SyncAsync();
        Assert.True((await CollectAsync(White, "keeper")).GetProperty("fossils").GetProperty("objects").GetInt64() > 20);
        await SyncAsync();
        await White.RunAsync("gc"); // which releases nothing
        Assert.True((await CollectAsync(White, "keeper")).GetProperty("deleted").GetProperty("objects").GetInt64() > 20);

        // What is left there is all that is needed here.
        Assert.Equal(0, (await CollectAsync(White, "keeper")).GetProperty("deleted").GetProperty("objects").GetInt64());
        await White.StopServerAsync();
        await White.ShellAsync($"rm -r '{White.DataDirectory}/objects'");
        await White.StartServerAsync();
        await White.RunAsync("server ping");
        Assert.Matches("^copied .* chunks are there$", await White.RunAsync("volume storage sync myfiles keeper local"));
        await Black.StopServerAsync();
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/kept"));
        Assert.Matches("left out: +.*cannot be reached", await White.RunAsync("gc"));
    }

    [Fact]
    public async Task Node_that_was_restored_releases_nothing_at_a_peer_to_which_it_put_something_since()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await Black.RunAsync("peer storage allow white local");
        await White.RunAsync("volume storage add myfiles keeper peerkey:black");
        await White.RunAsync("gc --elsewhere");
        await RestartAsync($"cp -a '{White.DataDirectory}' '{White.DataDirectory}.backup'");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/since; sync mnt/since");
        await White.RunAsync("volume storage sync myfiles local keeper"); // no collection follows
        await RestartAsync($"rm -r '{White.DataDirectory}' && mv '{White.DataDirectory}.backup' '{White.DataDirectory}'");
        Assert.Contains("database is older than what it has put there", await White.RunAsync("gc --elsewhere"), StringComparison.Ordinal);
    }

    private async Task RestartAsync(string meanwhile)
    {
        await White.StopServerAsync();
        await White.ShellAsync(meanwhile);
        await White.StartServerAsync();
        await White.RunAsync("server ping");
    }

    private async Task SyncAsync()
    {
        for (int round = 0; round < 2; round++)
        {
            await Black.RunAsync("volume sync myfiles white");
            await White.RunAsync("volume sync myfiles black");
        }
    }

    private long PackBytes() => Directory.EnumerateFiles(Path.Combine(_server.Folder, "packs"), "*.pack", SearchOption.AllDirectories).Sum(static file => new FileInfo(file).Length);

    /// <returns>What was done in the storage.</returns>
    private static async Task<JsonElement> CollectAsync(Node node, string name = "nas")
    {
        using JsonDocument reply = JsonDocument.Parse(await node.RunAsync("gc --elsewhere --json"));
        return reply.RootElement.GetProperty("stores").EnumerateArray().Single(store => store.GetProperty("name").GetString() == name).Clone();
    }

    private static async Task CompleteAsync(Node node)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (var watch = System.Diagnostics.Stopwatch.StartNew(); ; await timer.WaitForNextTickAsync(Cancel))
        {
            using JsonDocument reply = JsonDocument.Parse(await node.RunAsync("volume storage list -json myfiles"));
            JsonElement copy = reply.RootElement.GetProperty("storages").EnumerateArray().Single(static storage => storage.GetProperty("name").GetString() == "nas").GetProperty("copy");
            if (copy.GetProperty("state").GetString() == "complete" && copy.GetProperty("waiting").GetInt32() == 0) return;
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), copy.ToString());
        }
    }
}
