using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

public sealed class WalkthroughTests : EndToEndTest
{
    [Fact]
    public async Task Two_nodes_share_a_volume()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1", isByProgram: true);
        await Walkthrough.ChangeAsync(White, Black);

        // And the other way round.
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await Black.ShellAsync("echo from black >mnt/c/new");
        await White.RunAsync("volume sync myfiles black");
        Assert.Equal("new", await White.ShellAsync("ls mnt/c | grep new"));
    }

    [Fact]
    public async Task Part_of_a_volume_comes_alone_and_the_rest_with_the_next_pull_of_everything()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("mkdir -p mnt/a/b mnt/other && echo one >mnt/a/b/file && echo two >mnt/a/beside && echo three >mnt/other/file");

        Assert.Contains("have changed", await Black.RunAsync("volume sync myfiles white a/b"));
        Assert.Equal("mnt/a mnt/a/b mnt/a/b/file", await Black.ShellAsync("echo $(find mnt -mindepth 1 -not -path '*/.*' | sort)"));
        Assert.Equal("one", await Black.ShellAsync("cat mnt/a/b/file"));

        await White.ShellAsync("mv mnt/a/b/file mnt/other/moved && echo four >mnt/a/b/new && echo five >mnt/a/beside");
        await Black.RunAsync("volume sync -json myfiles white /a/b/");
        Assert.Equal("new", await Black.ShellAsync("ls mnt/a/b"));
        ChildProcess.Result nowhere = await Black.TryAsync("volume sync myfiles white a/none");
        Assert.Equal(1, nowhere.Code);
        Assert.Contains("volume myfiles has no a/none, neither here nor at peer", nowhere.Error);

        await Black.RunAsync("volume sync myfiles white");
        Assert.Equal("five three one", await Black.ShellAsync("echo $(cat mnt/a/beside mnt/other/file mnt/other/moved)"));
        Assert.Equal("nothing new", await Black.RunAsync("volume sync myfiles white"));
    }

    [Fact]
    public async Task What_was_fetched_is_read_again_without_the_peer()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/big");
        await Black.RunAsync("volume sync myfiles white");
        string checksum = await Black.ShellAsync("sha256sum <mnt/big");
        Assert.Equal(0, await White.StopServerAsync());

        Assert.Equal(0, await Black.StopServerAsync());
        await Black.StartServerAsync();

        Assert.Equal(checksum, await Black.ShellAsync("sha256sum <mnt/big"));
    }

    [Fact]
    public async Task Lists_tell_everything_in_json()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");

        using JsonDocument volumes = JsonDocument.Parse(await Black.RunAsync("volume list --json"));
        JsonElement volume = volumes.RootElement.GetProperty("volumes")[0];
        Assert.Equal("myfiles", volume.GetProperty("name").GetString());
        Assert.Equal("friends", volume.GetProperty("sharingKey").GetString());
        Assert.Equal(Black.Mount, volume.GetProperty("mountpoint").GetString());
        Assert.True(volume.GetProperty("mounted").GetBoolean());
        Assert.Equal(["local", "peerkey:white"], volume.GetProperty("storages").EnumerateArray().Select(static s => s.GetProperty("storage").GetString()));

        using JsonDocument peers = JsonDocument.Parse(await White.RunAsync("peer list --json"));
        JsonElement peer = peers.RootElement.GetProperty("peers")[0];
        Assert.Equal("black", peer.GetProperty("nickname").GetString());
        Assert.Equal(["myfiles"], peer.GetProperty("volumes").EnumerateArray().Select(static v => v.GetString()));
        Assert.Equal(["local"], peer.GetProperty("storages").EnumerateArray().Select(static v => v.GetString()));

        Assert.Contains("myfiles", await White.RunAsync("status"));
        Assert.Contains("NICKNAME", await White.RunAsync("peer list"));
        Assert.Contains("friends", await White.RunAsync("sharing list"));
        Assert.Contains("peerkey:white", await Black.RunAsync("volume storage list myfiles"));
    }

    [Fact]
    public async Task What_is_named_wrongly_is_answered_with_what_is_meant()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.FailsAsync("push mnt local", "nothing is copied to storage local: it is this node's own store", "get PATH", "volume storage add myfiles STORAGE");
        await Black.FailsAsync("push mnt white", "nothing is copied to storage white: a peer fetches by itself");
        await Black.RunAsync("volume storage remove myfiles white");
        await Black.FailsAsync("push mnt white", "volume myfiles has no storage called white", "white is a peer, but no storage of this volume", "volume storage add myfiles peerkey:white");
        await Black.RunAsync("volume storage add myfiles other peerkey:white");
        await Black.FailsAsync("volume storage sync myfiles white local", "volume myfiles has no storage called white", "peer white is called other there");
        await Black.FailsAsync("volume policy set -require=white myfiles", "peer white is called other there");
        await Black.FailsAsync("volume storage limit -off myfiles nothing", "has no storage called nothing", "volume storage list myfiles");
        await Black.FailsAsync("volume storage add myfiles disk:no-such-disk", "disk no-such-disk is not plugged in", "plug it in and mount it");
        await Black.FailsAsync("du mnt/nothing", $"there is no {Black.Mount}/nothing", $"undelete -list {Black.Mount}");
        await Black.FailsAsync("volume unmount mnt", "there is no volume mnt", "volume unmount ./mnt");
        await Black.FailsAsync("volume show nothing", $"bazil -data-dir={Black.DataDirectory} volume list");
    }

    [Fact]
    public async Task Conflict_keeps_both_sides()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("echo base >mnt/file");
        await Black.RunAsync("volume sync myfiles white");
        await White.ShellAsync("echo white >mnt/file");
        await Black.ShellAsync("echo black >mnt/file");

        ChildProcess.Result sync = await Black.TryAsync("volume sync myfiles white");

        Assert.Equal(0, sync.Code);
        Assert.Contains("changed on both sides", sync.Error);
        Assert.Equal("1 file, directory or link has changed", sync.Output.Trim());
        Assert.Equal("nothing new", await Black.RunAsync("volume sync myfiles white"));
        Assert.Equal("black", await Black.ShellAsync("cat mnt/file"));
        Assert.Equal("white", await Black.ShellAsync("find mnt/.bazil/conflicts -type f -exec cat {} +"));
        await Black.ShellAsync("rm -r mnt/.bazil/conflicts/file");
        Assert.Equal("", await Black.ShellAsync("ls mnt/.bazil/conflicts"));
        Assert.Equal("black", await Black.ShellAsync("cat mnt/file"));
    }
}
