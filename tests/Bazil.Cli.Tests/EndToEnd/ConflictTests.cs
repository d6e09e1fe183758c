using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Conflicts, what waits, and the trash, between two real nodes.</summary>
public sealed class ConflictTests : EndToEndTest
{
    [Fact]
    public async Task Conflicts_are_listed_compared_and_settled_in_every_way()
    {
        await ConnectAsync();
        await White.ShellAsync("mkdir mnt/d && for f in ours theirs both newest tool bin; do echo base >mnt/d/$f; done && echo 1 >mnt/moved");
        await PullAsync(Black);
        await White.ShellAsync("for f in ours theirs both newest tool; do printf 'one\\nwhite\\n' >mnt/d/$f; done && printf 'a\\0b' >mnt/d/bin && mv mnt/moved mnt/left");
        await Black.ShellAsync("sleep 0.02; for f in ours theirs both newest tool; do printf 'one\\nblack\\n' >mnt/d/$f; done && printf 'a\\0bc' >mnt/d/bin && mv mnt/moved mnt/right && printf x >\"mnt/$(printf 'new\\nline')\"");
        await White.ShellAsync("printf y >\"mnt/$(printf 'new\\nline')\"");
        await PullAsync(White);

        using (JsonDocument list = JsonDocument.Parse(await White.RunAsync("conflict list -json")))
        {
            JsonElement[] found = [.. list.RootElement.GetProperty("conflicts").EnumerateArray()];
            Assert.Equal(8, found.Length);
            Assert.Equal(8, list.RootElement.GetProperty("total").GetInt32());
            Assert.Contains(found, static c => c.GetProperty("path").GetString() == "new\\nline" && c.GetProperty("kind").GetString() == "name");
            Assert.Contains(found, static c => c.GetProperty("kind").GetString() == "place");
            Assert.All(found.Where(static c => c.GetProperty("kind").GetString() == "content"), static c => Assert.Equal(["here", "black"], c.GetProperty("values").EnumerateArray().Select(static v => v.GetProperty("peer").GetString())));
        }

        Assert.Contains("d/ours", await White.RunAsync("conflict list mnt/d"));
        Assert.Contains("in place", await White.RunAsync("conflict show mnt/d/ours"));
        string diff = await White.RunAsync("conflict diff mnt/d/ours");
        Assert.Contains("-white\n+black", diff);
        Assert.StartsWith("--- d/ours here@", diff);
        Assert.Contains("a file of 3 bytes", await White.RunAsync("conflict diff mnt/d/bin"));

        await White.RunAsync("conflict resolve -ours mnt/d/ours");
        await White.RunAsync("conflict resolve -theirs=black mnt/d/theirs");
        await White.RunAsync("conflict resolve -both mnt/d/both");
        await White.RunAsync("conflict resolve -newest -volume=myfiles d/newest");
        await White.FailsAsync(["conflict", "resolve", "-merge-tool=false", "mnt/d/tool"], "exit code 1");
        await White.FailsAsync(["conflict", "resolve", "-merge-tool=true", "mnt/d/tool"], "wrote nothing");
        Assert.Equal(0, (await White.TryAsync(["conflict", "resolve", "-merge-tool=cat $OURS $THEIRS >$OUTPUT", "mnt/d/tool"])).Code);
        await White.RunAsync("conflict resolve -ours -all");
        Assert.Equal("", await White.RunAsync("conflict list"));
        await PullAsync(Black);
        Assert.Equal("", await Black.RunAsync("conflict list"));
        Assert.Equal("white black white black one white one black", await Black.ShellAsync("echo $(tail -qn1 mnt/d/ours mnt/d/theirs mnt/d/both mnt/d/newest) $(cat mnt/d/tool)"));
        Assert.Equal("black", await Black.ShellAsync("tail -n1 mnt/d/both\\ \\(conflict*"));

        await White.FailsAsync("conflict show mnt/nothing", "nothing is in conflict");
        await White.FailsAsync("conflict resolve -ours mnt/d/ours", "nothing is in conflict");
        await White.FailsAsync("conflict diff /tmp/elsewhere", "not in a mounted volume");
        await White.FailsAsync("conflict list -volume=nosuch", "nosuch");
        Assert.Equal(2, (await White.TryAsync("conflict resolve -ours -both mnt/d/ours")).Code);
        Assert.Equal(2, (await White.TryAsync("conflict resolve mnt/d/ours")).Code);
        Assert.Equal(2, (await White.TryAsync("conflict resolve -ours -all mnt/d/ours")).Code);
        Assert.Equal(2, (await White.TryAsync("conflict resolve -ours")).Code);
    }

    [Fact]
    public async Task Many_deletions_wait_for_consent_and_what_is_gone_comes_back_from_the_trash()
    {
        await ConnectAsync();
        await Black.RunAsync("volume set myfiles brake-files=3 brake-share=50%");
        await White.ShellAsync("mkdir mnt/d && for i in 1 2 3 4 5 6 7 8; do echo $i >mnt/d/f$i; done && echo old >mnt/over");
        await PullAsync(Black);
        await White.ShellAsync("rm -r mnt/d && echo new >mnt/over");
        await PullAsync(Black);
        Assert.Equal("8", await Black.ShellAsync("ls mnt/d | wc -l"));
        string pending = await Black.RunAsync("volume pending");
        Assert.Contains("(8 files)", pending);
        Assert.Contains("white 8", pending);
        await Black.KillServerAsync();
        await Black.StartServerAsync();
        Assert.Equal("8", await Black.ShellAsync("ls mnt/d | wc -l"));

        Assert.Equal("8 files brought back", await Black.RunAsync("volume reject myfiles"));
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await PullAsync(White);
        Assert.Equal("8", await White.ShellAsync("ls mnt/d | wc -l"));
        await Black.FailsAsync("volume accept myfiles", "no deletions wait");

        await White.ShellAsync("rm -r mnt/d");
        await PullAsync(Black);
        Assert.Equal("8 deletions shown", await Black.RunAsync("volume accept myfiles"));
        await Black.ShellAsync("! test -e mnt/d");

        Assert.Contains("d/f3", await Black.RunAsync("trash list"));
        using (JsonDocument list = JsonDocument.Parse(await Black.RunAsync("trash list -json -peer=white d")))
        {
            Assert.Equal(9, list.RootElement.GetProperty("total").GetInt32());
        }

        using (JsonDocument mounted = JsonDocument.Parse(await Black.RunAsync("trash list -json mnt/d")))
        {
            Assert.Equal(9, mounted.RootElement.GetProperty("total").GetInt32());
        }

        Assert.Equal("1 restored", await Black.RunAsync("trash restore mnt/d/f2 -to=back"));
        Assert.Equal("2", await Black.ShellAsync("cat mnt/back"));
        await Black.ShellAsync("rm mnt/back");
        Assert.Equal("8 restored", await Black.RunAsync("trash restore d -to=back/again"));
        Assert.Equal("3", await Black.ShellAsync("cat mnt/back/again/f3"));
        Assert.Equal("1 restored", await Black.RunAsync("trash restore over"));
        Assert.Equal("old", await Black.ShellAsync("cat mnt/over"));
        await PullAsync(White);
        Assert.Equal("old", await White.ShellAsync("cat mnt/over"));
        await Black.FailsAsync("trash restore nothing", "nothing in the trash is called nothing");
        await Black.FailsAsync("trash list -peer=nobody", "nobody");
        Assert.Equal(2, (await Black.TryAsync("trash empty")).Code);
        await Black.RunAsync("trash empty -all");
        Assert.Equal("", await Black.RunAsync("trash list"));
        await Black.FailsAsync("volume set myfiles brake-share=many", "brake-share");
        await Black.FailsAsync("volume set myfiles trash-days=-1", "trash-days");
    }

    [Fact]
    public async Task A_change_to_a_file_that_is_being_written_waits_and_can_be_forced()
    {
        await ConnectAsync();
        await White.ShellAsync("echo base >mnt/f");
        await PullAsync(Black);
        await using (var writer = new FileStream(Path.Combine(Black.Mount, "f"), FileMode.Open, FileAccess.ReadWrite))
        {
            await White.ShellAsync("echo white >mnt/f");
            await PullAsync(Black);
            Assert.Contains("open for writing", await Black.RunAsync("volume pending myfiles"));
            await Black.RunAsync("volume pending -force mnt/f");
            Assert.Equal("", await Black.RunAsync("volume pending"));
            Assert.Equal("white", await Black.ShellAsync("cat mnt/f"));
        }

        await Black.FailsAsync("volume pending -force mnt/f", "nothing waits");
        await Black.FailsAsync("volume pending nosuch", "nosuch");
    }

    private static Task<string> PullAsync(Node node) => node.RunAsync($"volume sync myfiles {(node.Name == "white" ? "black" : "white")}");

    /// <summary>Two nodes that know each other and share a volume, each by the other's name.</summary>
    private async Task ConnectAsync()
    {
        await MountAsync(White);
        await Black.RunAsync("create");
        await Black.StartServerAsync();
        byte[] key = await ExportKeyAsync();
        string white = await White.RunAsync("pubkey"), black = await Black.RunAsync("pubkey");
        await White.RunAsync($"peer add {black} black");
        await Black.RunAsync($"peer add {white} white");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await Black.RunAsync($"peer location set white 127.0.0.1:{White.ServerPort}");
        await White.RunAsync("peer volume allow black myfiles");
        await White.RunAsync("peer storage allow black local");
        await Black.RunAsync("sharing add shared", key);
        await Black.CallAsync("volume connect -sharing=shared white myfiles");
        await Black.RunAsync("volume storage add -sharing=shared myfiles peerkey:white");
        await Black.RunAsync("peer storage allow white local");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount myfiles mnt");
        await PullAsync(Black);
        await White.RunAsync("volume storage add myfiles peerkey:black");
    }

    private async Task<byte[]> ExportKeyAsync()
    {
        string file = Path.Combine(Root, "key");
        await White.RunAsync($"sharing export default {file}");
        return await File.ReadAllBytesAsync(file, Cancel);
    }
}
