using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>Pinned content comes by itself, also what appears later, and after a restart.</summary>
public sealed class PinTests() : EndToEndTest(isAutomatic: true)
{
    [Fact]
    public async Task Pinned_content_is_fetched_in_the_background_when_a_store_that_has_it_is_there()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("mkdir mnt/dir mnt/other; head -c 3000000 /dev/urandom >mnt/dir/first; head -c 3000000 /dev/urandom >mnt/other/large.iso");
        await Black.RunAsync("sync -wait");
        await Black.FailsAsync("pin mnt/missing", "there is no", "missing");
        await Black.FailsAsync("pin -pattern=*.iso", "no volume is named", "-volume=VOLUMENAME");
        await Black.FailsAsync("pin -volume=myfiles -pattern=a/../b", "is no pattern", "**/*.pdf");
        await Black.FailsAsync("unpin mnt/dir", "is not pinned by itself", "pin list -volume=myfiles");
        await Black.RunAsync("pin mnt/dir");
        await UntilAsync("complete", chunks: 1);
        Assert.Matches(@"mnt/dir/first +default +everything", await Black.RunAsync("whereis mnt/dir/first"));
        Assert.Matches(@"mnt/other/large.iso +default +nothing", await Black.RunAsync("whereis mnt/other/large.iso"));

        // What appears later, by a sync, below what was moved.
        await Black.ShellAsync("mv mnt/dir mnt/moved");
        await Black.RunAsync("sync -wait");
        await White.RunAsync("sync -wait");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/moved/second; sha256sum <mnt/moved/second >sum");
        await Black.RunAsync("sync -wait");
        await UntilHereAsync("mnt/moved/second");

        // While nobody has it, it is said why; after a restart it goes on, and it comes when the peer is back.
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/other/second.iso");
        await Black.RunAsync("sync -wait");
        await White.StopServerAsync();
        await Black.RunAsync("pin -volume=myfiles -pattern=**/*.iso");
        await UntilAsync("waiting", chunks: 1);
        Assert.Contains("pinned content of volume myfiles is not on this machine", await Black.RunAsync("status"));
        Assert.Matches("myfiles +pattern \\*\\*/\\*.iso", await Black.RunAsync("pin list"));
        await Black.RunAsync("pin limit 64MiB/s");
        await Black.StopServerAsync();
        await White.StartServerAsync($"-addr=:{White.ServerPort}");
        await Black.StartServerAsync();
        await UntilHereAsync("mnt/other/second.iso");
        await UntilAsync("complete", chunks: 1);
        await White.StopServerAsync();
        await Black.ShellAsync("cat mnt/moved/* mnt/other/* >/dev/null");
        Assert.Equal(await White.ShellAsync("cat sum"), await Black.ShellAsync("sha256sum <mnt/moved/second"));
        await Black.RunAsync("unpin mnt/moved");
        await Black.RunAsync("unpin -volume=myfiles -pattern=**/*.iso");
        Assert.DoesNotContain("pattern", await Black.RunAsync("pin list"));
    }

    private async Task UntilHereAsync(string path)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (int tick = 0; ; tick++)
        {
            string found = await Black.RunAsync($"whereis -json {path}");
            JsonElement info = JsonDocument.Parse(found).RootElement.GetProperty("paths")[0];
            if (info.GetProperty("places")[0].GetProperty("chunks").GetInt64() == info.GetProperty("chunks").GetInt64()) return;
            if (tick >= 200) Assert.Fail($"{found}\n{await Black.RunAsync("pin list")}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    private async Task UntilAsync(string state, long chunks)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (int tick = 0; ; tick++)
        {
            string found = await Black.RunAsync("pin list -json");
            JsonElement[] states = [.. JsonDocument.Parse(found).RootElement.GetProperty("states").EnumerateArray()];
            if (states.Any(info => info.GetProperty("state").GetString() == state && info.GetProperty("chunks").GetInt64() >= chunks)) return;
            Assert.True(tick < 200, found);
            await timer.WaitForNextTickAsync(Cancel);
        }
    }
}
