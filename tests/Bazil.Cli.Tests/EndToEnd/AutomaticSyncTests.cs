using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>What happens without a command.</summary>
public sealed class AutomaticSyncTests : EndToEndTest
{
    private readonly List<Node> _others = [];

    public AutomaticSyncTests()
        : base(isAutomatic: true)
    {
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (Node node in _others) await node.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Changes_go_both_ways_without_a_command_and_come_back_after_a_kill()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("mkdir -p mnt/a/b && echo one >mnt/a/b/file");
        await SeesAsync(Black, "mnt/a/b/file", "one");
        await Black.ShellAsync("echo two >mnt/a/b/file");
        await SeesAsync(White, "mnt/a/b/file", "two");
        await White.ShellAsync("mv mnt/a mnt/c && rm mnt/c/b/file");
        await Black.ShellAsync("until [ -d mnt/c/b ] && [ ! -e mnt/c/b/file ] && [ ! -e mnt/a ]; do sleep 0.02; done");

        // A snapshot is one of all, and its maker's.
        await White.ShellAsync("echo then >mnt/kept && mkdir mnt/.snap/monday && echo now >mnt/kept");
        await SeesAsync(Black, "mnt/.snap/monday/kept", "then");
        Assert.Contains("Operation not permitted", await Black.ShellAsync("rmdir mnt/.snap/monday 2>&1 || true"));
        await Black.FailsAsync("snapshot remove myfiles monday", "there: bazil snapshot remove myfiles monday");
        await Black.FailsAsync("snapshot restore -to=old myfiles monday", "cp -a");
        await Black.ShellAsync("cp mnt/.snap/monday/kept mnt/copied");
        await SeesAsync(White, "mnt/copied", "then");
        await White.ShellAsync("rmdir mnt/.snap/monday");
        await Black.ShellAsync("until [ ! -e mnt/.snap/monday ]; do sleep 0.02; done");

        // Killed and back: white, which nobody told black's address, hears of what black did meanwhile.
        await White.KillServerAsync();
        await Black.ShellAsync("echo alone >mnt/alone");
        await White.StartServerAsync($"-addr=:{White.ServerPort}");
        await SeesAsync(White, "mnt/alone", "alone");
        await White.ShellAsync("echo again >mnt/again");
        await SeesAsync(Black, "mnt/again", "again");
        Assert.Equal("", (await Black.TryAsync("sync --wait")).Error);
    }

    [Fact]
    public async Task A_chain_of_three_passes_changes_on()
    {
        byte[] secret = await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        var red = new Node(Root, "red") { IsAutomatic = true };
        _others.Add(red);
        await red.RunAsync("create");
        await red.StartServerAsync();
        string redKey = await red.RunAsync("pubkey"), blackKey = await Black.RunAsync("pubkey");
        await red.RunAsync("sharing add friends", secret);
        await Black.RunAsync($"peer add {redKey}");
        await Black.RunAsync($"peer name {redKey} red");
        await Black.RunAsync("peer volume allow red myfiles");
        await red.RunAsync($"peer add {blackKey}");
        await red.RunAsync($"peer name {blackKey} black");
        await red.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await red.CallAsync("volume connect -sharing=friends black myfiles");
        await red.ShellAsync("mkdir mnt");
        await red.RunAsync("volume mount myfiles mnt");

        await White.ShellAsync("echo from white >mnt/white");
        await SeesAsync(red, "mnt/white", "from white");
        await red.ShellAsync("echo from red >mnt/red");
        await SeesAsync(White, "mnt/red", "from red");
        Assert.Equal("", (await Black.TryAsync("sync --wait myfiles")).Error);
    }

    [Fact]
    public async Task Pause_stops_it_and_resume_catches_up()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("sync --wait");
        await Black.RunAsync("volume pause myfiles white");
        await WaitForStateAsync(Black, "white", "paused");
        await White.ShellAsync("echo later >mnt/later");

        ChildProcess.Result refused = await Black.TryAsync("sync --wait myfiles");
        Assert.Equal(1, refused.Code);
        Assert.Contains("with peer white: synchronisation is paused here", refused.Error);
        Assert.Contains("volume resume myfiles white", refused.Error);
        ChildProcess.Result there = await White.TryAsync("sync --wait");
        Assert.Equal(1, there.Code);
        Assert.Contains("with peer black: synchronisation is paused on its side", there.Error);
        Assert.Contains("to go on, there: bazil volume resume", there.Error);
        Assert.Equal("", await Black.ShellAsync("ls mnt"));

        // Kept over a restart, and no reason to refuse who asks.
        Assert.Equal(0, await Black.StopServerAsync());
        await Black.StartServerAsync();
        Assert.Contains("white: paused", await Black.RunAsync("status"));
        Assert.Contains("volume resume myfiles white", (await Black.TryAsync("volume sync myfiles white")).Error);
        Assert.Equal("later", await Black.ShellAsync("cat mnt/later"));

        await Black.RunAsync("volume pause myfiles");
        await Black.FailsAsync("volume resume myfiles white", "is paused with all peers", "volume resume myfiles");
        await Black.RunAsync("volume resume myfiles");
        await White.ShellAsync("echo now >mnt/now");
        await SeesAsync(Black, "mnt/now", "now");
        await Black.FailsAsync("volume pause myfiles nobody", "nobody");
    }

    [Fact]
    public async Task Status_says_who_is_not_there_and_why_and_sync_names_it()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("sync --wait");
        using (JsonDocument json = JsonDocument.Parse(await Black.RunAsync("status --json")))
        {
            JsonElement volume = json.RootElement.GetProperty("sync")[0], peer = volume.GetProperty("peers")[0];
            Assert.Equal("myfiles", volume.GetProperty("volume").GetString());
            Assert.Equal("white", peer.GetProperty("peer").GetString());
            Assert.Equal("connected", peer.GetProperty("state").GetString());
            Assert.Equal(0, peer.GetProperty("behindThere").GetInt32());
            Assert.False(peer.GetProperty("isBehindHere").GetBoolean());
        }

        Assert.Contains("white: connected; up to date", await Black.RunAsync("status"));
        await White.KillServerAsync();
        await WaitForStateAsync(Black, "white", "unreachable");
        await Black.ShellAsync("echo one >mnt/one");
        ChildProcess.Result sync = await Black.TryAsync("sync --wait");
        Assert.Equal(1, sync.Code);
        Assert.Contains("volume myfiles was not synchronised with peer white: ", sync.Error);
        Assert.Contains("nothing listens there", sync.Error);
        string status = await Black.RunAsync("status");
        Assert.Contains("white: not connected since ", status);
        Assert.Contains("nothing listens there; next try at ", status);
        Assert.Contains("1 change is not there yet", status);
        Assert.Contains("last seen ", status);

        // The picture follows by itself, and Ctrl-C ends it.
        await Black.ShellAsync($"env --default-signal=INT '{Node.ProgramPath}' -data-dir='{Black.DataDirectory}' status --watch >watched 2>&1 </dev/null & watch=$!; until grep -q 'not connected' watched; do sleep 0.02; done; echo $watch >watch.pid");
        await White.StartServerAsync($"-addr=:{White.ServerPort}");
        await Black.ShellAsync("until grep -q 'white: connected; up to date' watched; do sleep 0.02; done; kill -INT $(cat watch.pid); until ! kill -0 $(cat watch.pid) 2>/dev/null; do sleep 0.02; done");
    }

    [Fact]
    public async Task Removing_a_volume_ends_what_is_done_on_it()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("sync --wait");
        await Black.FailsAsync("volume remove myfiles", "is mounted");
        await White.ShellAsync("echo still >mnt/still");
        await SeesAsync(Black, "mnt/still", "still");
        await Black.RunAsync("volume unmount myfiles");
        await Black.RunAsync("volume remove myfiles");
        Assert.DoesNotContain("sync of myfiles", await Black.RunAsync("status"));
        Assert.Equal(0, await Black.StopServerAsync());
    }

    [Fact]
    public async Task Two_machines_with_one_data_directory_are_refused_and_told()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("sync --wait");
        await Black.RunAsync("volume unmount myfiles");
        Assert.Equal(0, await Black.StopServerAsync());
        var copy = new Node(Root, "copy") { IsAutomatic = true };
        _others.Add(copy);
        await Black.ShellAsync($"cp -a '{Black.DataDirectory}' '{copy.DataDirectory}'");
        await Black.StartServerAsync();
        await Black.RunAsync("sync --wait");

        await copy.StartServerAsync();
        await WaitForTextAsync(White, "two machines use the key of peer black");
        await WaitForTextAsync(Black, "another machine uses the key of this node");
        await WaitForTextAsync(copy, "another machine uses the key of this node");
        Assert.Contains("two machines use the key of peer", White.Messages);
        await copy.FailsAsync("volume sync myfiles white", "another machine uses the same key", "make a data directory of its own");
        await Black.FailsAsync("volume sync myfiles white", "another machine uses the same key");
    }

    /// <summary>Waits until a file has this content, in a process of its own: what it waits for may never come, and then this test is ended by its limit.</summary>
    private static Task<string> SeesAsync(Node node, string path, string text) =>
        node.ShellAsync($"until [ \"$(cat '{path}' 2>/dev/null)\" = '{text}' ]; do sleep 0.02; done");

    private static async Task WaitForTextAsync(Node node, string text) =>
        await node.ShellAsync($"until '{Node.ProgramPath}' -data-dir='{node.DataDirectory}' status | grep -q '{text}'; do sleep 0.1; done");

    private static async Task WaitForStateAsync(Node node, string peer, string state) =>
        await node.ShellAsync($"until '{Node.ProgramPath}' -data-dir='{node.DataDirectory}' status --json | tr -d ' \\n' | grep -q '\"peer\":\"{peer}\",\"state\":\"{state}\"'; do sleep 0.1; done");
}
