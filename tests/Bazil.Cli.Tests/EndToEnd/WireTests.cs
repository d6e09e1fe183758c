using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>What goes over the wire is what changed, by the counters of the daemon itself.</summary>
public sealed class WireTests : EndToEndTest
{
    [Fact]
    public async Task Bytes_on_the_wire_are_those_of_what_changed()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 8000000 /dev/urandom >mnt/big; mkdir mnt/many; for n in $(seq 1 500); do echo text $n >mnt/many/$n; done");
        long first = await TakenAsync();
        Assert.InRange(first, 8_000_000, 8_500_000);

        // Of 500 files with records of some 200 bytes, compressed.
        await White.ShellAsync("for n in $(seq 1 500); do echo other text $n >mnt/many/$n; done");
        Assert.InRange(await TakenAsync(), 10_000, 60_000);

        await White.ShellAsync("head -c 100000 /dev/urandom >>mnt/big");
        Assert.InRange(await TakenAsync(), 100_000, 250_000);
        // They lie in two chunks.
        await White.ShellAsync("head -c 100000 /dev/urandom | dd of=mnt/big bs=1000 seek=4000 conv=notrunc status=none");
        Assert.InRange(await TakenAsync(), 100_000, 300_000);

        await White.ShellAsync("mv mnt/many mnt/moved");
        Assert.InRange(await TakenAsync(), 1, 1024);
        Assert.InRange(await TakenAsync(), 1, 512);
        Assert.Equal("500", await Black.ShellAsync("ls mnt/moved | wc -l"));
    }

    [Fact]
    public async Task Rates_of_a_peer_are_limited_shown_and_set_free()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await Black.RunAsync("peer limit white -down=1MiB/s");
        await Black.RunAsync("peer limit white -up=500KiB/s -down=64MiB/s -at=00:00-23:59");
        await Black.RunAsync("peer limit white -down=64MiB/s -at=23:59-00:00");
        string shown = await Black.RunAsync("peer show white");
        Assert.Contains("up unlimited, down 1MiB/s", shown);
        Assert.Contains("up 500KiB/s, down 64MiB/s, at 00:00-23:59", shown);
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/big");
        Assert.InRange(await TakenAsync(), 3_000_000, 3_200_000);

        await Black.FailsAsync("peer limit white -down=fast", "\"fast\" is not a rate");
        await Black.FailsAsync("peer limit white -down=1KiB/s", "at least 64KiB/s");
        await Black.FailsAsync("peer limit white -down=1MiB/s -at=noon", "\"noon\" is not a part of a day");
        await Black.FailsAsync("peer limit white -off -at=01:00-02:00", "has no limit at 01:00-02:00");
        await Black.RunAsync("peer limit white -off");
        Assert.DoesNotContain("limit", await Black.RunAsync("peer show white"));
    }

    /// <summary>Synchronises black, reads everything there, and tells how many bytes came from white for it.</summary>
    private async Task<long> TakenAsync()
    {
        long before = await ReceivedAsync();
        await Black.RunAsync("volume sync myfiles white");
        string checksums = await Black.ShellAsync("cd mnt && find . -type f | LC_ALL=C sort | xargs cat | sha256sum");
        Assert.Equal(await White.ShellAsync("cd mnt && find . -type f | LC_ALL=C sort | xargs cat | sha256sum"), checksums);
        return await ReceivedAsync() - before;
    }

    private async Task<long> ReceivedAsync()
    {
        using JsonDocument peer = JsonDocument.Parse(await Black.RunAsync("peer show white --json"));
        return peer.RootElement.GetProperty("receivedBytes").GetInt64();
    }
}
