using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Content goes from a machine when others have it, comes back when it is read, and two machines that evict at once never lose the last copy.</summary>
public sealed class EvictionTests() : EndToEndTest(isAutomatic: true)
{
    private string _sum = "";

    [Fact]
    public async Task Content_goes_when_a_peer_holds_it_comes_back_when_it_is_read_and_the_last_copy_stays()
    {
        await ShareBothWaysAsync();
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/fresh");
        Assert.Contains("stays: ", await White.RunAsync("evict mnt/fresh"));
        Assert.Equal(await ChunksAsync(White, "mnt/fresh"), await HeldAsync(White, "mnt/fresh"));

        // Nobody but white has the content.
        await SyncAsync();
        Assert.Matches(@"^nothing went\nstays: 2\.\d+ MiB in \d+ objects: black does not have it$", await White.RunAsync("evict mnt/big"));

        await Black.RunAsync("get mnt/big");
        await White.FailsAsync("evict mnt/missing", "there is no", "missing");
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects would go$", await White.RunAsync("evict -dry-run mnt/big"));
        Assert.Equal(await ChunksAsync(White, "mnt/big"), await HeldAsync(White, "mnt/big"));
        Assert.Matches("objects: open$", await White.ShellAsync($"exec 3<mnt/big; '{Node.ProgramPath}' -data-dir='{White.DataDirectory}' evict mnt/big"));
        await White.RunAsync("pin mnt/big");
        Assert.Matches("objects: pinned$", await White.RunAsync("evict mnt/big"));
        await White.RunAsync("unpin mnt/big");

        // Two copies are to be left, and there is only one other.
        Assert.Matches(@"2 copies; \d+ of \d+ objects below it", await White.RunAsync("volume policy set -copies=2 myfiles"));
        Assert.Contains("stays: ", await White.RunAsync("evict mnt/big"));
        Assert.Contains("volume storage add myfiles STORAGE): copies are made by themselves", await White.RunAsync("status"));
        await White.FailsAsync("volume policy set -require=nowhere myfiles", "has no storage called nowhere");
        await White.FailsAsync("volume policy set -require=default myfiles", "does not count");
        Assert.Contains("1 copy, one in black", await White.RunAsync("volume policy set -copies=1 -require=black myfiles"));
        await White.FailsAsync("volume storage remove myfiles black", "requires storage black");

        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/big"));
        Assert.True(await HeldAsync(White, "mnt/big") <= 1); // what names the others stays
        Assert.Equal("nothing went", await White.RunAsync("evict mnt/big"));
        Assert.Matches(@"^nothing went\nstays: .* does not have it$", await Black.RunAsync("evict mnt/big"));
        Assert.Equal(await ChunksAsync(Black, "mnt/big"), await HeldAsync(Black, "mnt/big"));

        // Not by a read, which the kernel may answer from its cache.
        Assert.Matches("^fetched 2", await White.RunAsync("get mnt/big"));
        Assert.Equal(await ChunksAsync(White, "mnt/big"), await HeldAsync(White, "mnt/big"));
        Assert.Equal(_sum, await White.ShellAsync("sha256sum <mnt/big"));
    }

    [Fact]
    public async Task Two_machines_that_evict_at_once_never_lose_the_last_copy_also_when_one_is_killed()
    {
        await ShareBothWaysAsync();
        await SyncAsync();
        for (int round = 0; round < 3; round++)
        {
            await White.RunAsync("get mnt/big");
            await Black.RunAsync("get mnt/big");
            Task<ChildProcess.Result> white = White.TryAsync("evict mnt/big"), black = Black.TryAsync("evict mnt/big");
            if (round == 2) await White.KillServerAsync();
            await Task.WhenAll(white, black);
            if (round == 2)
            {
                await White.StartServerAsync($"-addr=:{White.ServerPort}");
                await White.RunAsync("server ping");
            }

            long chunks = await ChunksAsync(White, "mnt/big");
            Assert.True(await HeldAsync(White, "mnt/big") + await HeldAsync(Black, "mnt/big") >= chunks, $"round {round}");
            Assert.Equal(_sum, await White.ShellAsync("sha256sum <mnt/big"));
            Assert.Equal(_sum, await Black.ShellAsync("sha256sum <mnt/big"));
        }
    }

    [Fact]
    public async Task Store_stays_below_its_limit_and_says_what_keeps_it_from_that()
    {
        await ShareBothWaysAsync();
        await SyncAsync();
        await Black.RunAsync("pin mnt/kept");
        await Black.RunAsync("get mnt");
        await Black.FailsAsync("store cache set -limit=much", "is not a size", "10GiB");
        await Black.RunAsync("store cache set -limit=2MiB");
        await UntilAsync(static cache => cache.GetProperty("usedBytes").GetInt64() < 2 << 20 && cache.GetProperty("overBytes").GetInt64() == 0);
        Assert.True(await HeldAsync(Black, "mnt/big") <= 1);
        Assert.Equal(await ChunksAsync(Black, "mnt/kept"), await HeldAsync(Black, "mnt/kept"));
        Assert.Contains("own store", await Black.RunAsync("status"));
        Assert.Equal(_sum, await Black.ShellAsync("sha256sum <mnt/big"));

        // What nobody else has stays, whatever the limit.
        await White.StopServerAsync();
        await Black.ShellAsync("head -c 4000000 /dev/urandom >mnt/mine; sha256sum <mnt/mine >sum");
        await UntilAsync(static cache => cache.GetProperty("problem").ValueKind == JsonValueKind.String && cache.GetProperty("overBytes").GetInt64() > 0);
        Assert.Contains("is over its limit", await Black.RunAsync("status"));
        Assert.Equal(await Black.ShellAsync("cat sum"), await Black.ShellAsync("sha256sum <mnt/mine"));
        await Black.RunAsync("store cache set -limit=off");
        await UntilAsync(static cache => cache.GetProperty("problem").ValueKind == JsonValueKind.Null);
    }

    /// <summary>Both have the volume, may use each other's store, and look there.</summary>
    private async Task ShareBothWaysAsync()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("peer storage allow white local");
        await Black.RunAsync("peer volume allow white myfiles");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await White.RunAsync("volume storage add myfiles black peerkey:black");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/big; head -c 1000000 /dev/urandom >mnt/kept");
        _sum = await White.ShellAsync("sha256sum <mnt/big");
    }

    /// <summary>Each knows that the other knows.</summary>
    private async Task SyncAsync()
    {
        await White.RunAsync("sync -wait");
        await Black.RunAsync("sync -wait");
        await White.RunAsync("volume sync myfiles black");
        await Black.RunAsync("volume sync myfiles white");
    }

    private static async Task<long> ChunksAsync(Node node, string path) => (await WhereisAsync(node, path)).GetProperty("chunks").GetInt64();

    private static async Task<long> HeldAsync(Node node, string path) => (await WhereisAsync(node, path)).GetProperty("places")[0].GetProperty("chunks").GetInt64();

    private static async Task<JsonElement> WhereisAsync(Node node, string path) => JsonDocument.Parse(await node.RunAsync($"whereis -json {path}")).RootElement.GetProperty("paths")[0];

    private async Task UntilAsync(Func<JsonElement, bool> isSo)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (int tick = 0; ; tick++)
        {
            string found = await Black.RunAsync("store cache show -json");
            if (isSo(JsonDocument.Parse(found).RootElement)) return;
            if (tick >= 200) Assert.Fail($"{found}\n{await Black.RunAsync("status")}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }
}
