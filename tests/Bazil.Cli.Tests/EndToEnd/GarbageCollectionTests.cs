using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

public sealed class GarbageCollectionTests : EndToEndTest
{
    private const long ReservedBytesMax = 4 * 1024 * 1024;

    [Fact]
    public async Task Deleted_files_snapshots_and_volumes_give_their_space_back()
    {
        await MountAsync(White);
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/kept");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/deleted; head -c 3000000 /dev/urandom >mnt/overwritten");
        await White.ShellAsync("mkdir mnt/.snap/monday; rm mnt/deleted; head -c 3000000 /dev/urandom >mnt/overwritten");
        string checksum = await White.ShellAsync("sha256sum mnt/kept mnt/overwritten mnt/.snap/monday/*");

        await CollectAsync(White);
        JsonElement nothing = await CollectAsync(White);
        Assert.True(Bytes(nothing, "deleted") < 2_000_000); // what was stored while files were being written, at most
        Assert.Equal(checksum, await White.ShellAsync("sha256sum mnt/kept mnt/overwritten mnt/.snap/monday/*"));

        await White.ShellAsync("rmdir mnt/.snap/monday");
        long before = await UsedAsync(White);
        string told = await White.RunAsync("gc --dry-run");
        Assert.Contains("the next collection can delete it", told);
        JsonElement found = await CollectAsync(White);
        Assert.True(Bytes(found, "fossils") >= 6_000_000);
        JsonElement deleted = await CollectAsync(White);
        Assert.True(Bytes(deleted, "deleted") >= 6_000_000);
        await UntilUsedAsync(White, before - 5_500_000);

        await White.RunAsync("volume unmount myfiles");
        await White.RunAsync("volume mount myfiles mnt");
        Assert.Equal(checksum.Split('\n')[0], await White.ShellAsync("sha256sum mnt/kept"));

        await White.FailsAsync("volume remove myfiles", "volume myfiles is mounted on", "volume unmount myfiles");
        await White.RunAsync("volume unmount myfiles");
        await White.RunAsync("volume remove myfiles");
        await White.FailsAsync("volume show myfiles", "there is no volume myfiles");
        await CollectAsync(White);
        JsonElement last = await CollectAsync(White);
        Assert.True(Bytes(last, "deleted") >= 6_000_000);
        Assert.Equal(0, Objects(await CollectAsync(White), "found"));
        await UntilUsedAsync(White, 1_000_000);
    }

    [Fact]
    public async Task Volume_that_was_removed_comes_back_from_the_snapshot_that_is_named_then()
    {
        await MountAsync(White);
        await White.ShellAsync("echo precious >mnt/file; mkdir mnt/.snap/last");
        await White.RunAsync("volume unmount myfiles");

        ChildProcess.Result removed = await White.TryAsync("volume remove myfiles");
        await CollectAsync(White);

        Assert.Contains("the second collection from now deletes its content", removed.Error);
        string way = removed.Error.Split('\n').Single(static line => line.Contains("to bring back its newest snapshot, last, until then: bazil ", StringComparison.Ordinal));
        string command = way[(way.LastIndexOf(": bazil ", StringComparison.Ordinal) + ": bazil ".Length)..];
        await White.RunAsync(command.Replace($"-data-dir={White.DataDirectory} ", "", StringComparison.Ordinal));
        await White.RunAsync("volume mount myfiles mnt");
        await CollectAsync(White);
        Assert.Equal("precious", await White.ShellAsync("cat mnt/file"));
    }

    [Fact]
    public async Task Member_that_was_not_heard_since_blocks_and_is_named()
    {
        await Walkthrough.ShareAsync(White, Black, "127.0.0.1");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/big");
        await Black.RunAsync("volume sync myfiles white");
        await White.ShellAsync("rm mnt/big");
        await CollectAsync(White);

        string told = await White.RunAsync("gc");

        Assert.Contains("blocked by black since ", told);
        Assert.Contains("volume sync myfiles black", told);
        Assert.Equal("3000000", await Black.ShellAsync("wc -c <mnt/big"));
        JsonElement blocked = await CollectAsync(White);
        Assert.Equal(0, Objects(blocked, "deleted"));
        Assert.True(Objects(blocked, "waiting") > 20);
        Assert.Equal("black", blocked.GetProperty("blockers")[0].GetProperty("member").GetString());

        await Black.RunAsync("volume sync myfiles white");
        await White.RunAsync($"peer location set black 127.0.0.1:{Black.ServerPort}");
        await White.RunAsync("volume sync myfiles black");
        JsonElement deleted = await CollectAsync(White);
        Assert.True(Bytes(deleted, "deleted") >= 3_000_000);
        Assert.Equal(0, deleted.GetProperty("blockers").GetArrayLength());
    }

    [Fact]
    public async Task Volume_that_cannot_be_followed_deletes_nothing()
    {
        await MountAsync(White);
        await White.ShellAsync("mkdir -p usb/store");
        await White.RunAsync($"volume create -backend={White.Directory}/usb/store disk");
        await White.ShellAsync("head -c 300000 /dev/urandom >mnt/garbage; rm mnt/garbage");
        await CollectAsync(White);
        Assert.Equal(0, await White.StopServerAsync());
        await White.ShellAsync("mv usb/store usb/away");
        await White.StartServerAsync();

        await White.FailsAsync("gc", "nothing was deleted", "volume disk", "attach that disk");

        Assert.Equal(0, await White.StopServerAsync());
        await White.ShellAsync("mv usb/away usb/store");
        await White.StartServerAsync();
        Assert.True(Objects(await CollectAsync(White), "deleted") > 0);
    }

    /// <summary>Programs write, overwrite, append, delete and take snapshots while one collection follows the other; the server is killed in the middle; everything is there.</summary>
    [Fact]
    public async Task Volume_in_use_loses_nothing_while_collections_run()
    {
        await MountAsync(White);
        Task<string> writers = White.ShellAsync(
            """
            work() {
              for i in $(seq 1 30); do
                head -c $((RANDOM * 20)) /dev/urandom >"sums/$1.new"
                cp "sums/$1.new" "mnt/$1"
                (sha256sum <"sums/$1.new" >"sums/$1.sum")
                cp mnt/$1 mnt/$1.copy; dd if="mnt/$1" of="mnt/$1.copy" conv=notrunc bs=1000 count=1 status=none
                if [ $((i % 10)) = 0 ]; then mkdir "mnt/.snap/$1-$i"; (cd mnt/.snap/$1-$i && sha256sum "$1" "$1.copy") >"sums/$1-$i.snapshot"; fi
                if [ $((i % 15)) = 0 ]; then rm "mnt/$1.copy"; fi
              done
              cp "mnt/$1" "mnt/$1.copy"
            }
            mkdir sums; work a & work b & work c & wait
            """);
        long deleted = 0;
        while (!writers.IsCompleted) deleted += Objects(await CollectAsync(White), "deleted");
        await writers;
        Assert.True(deleted > 0);

        Task<ChildProcess.Result> last = White.TryAsync("gc");
        await White.KillServerAsync();
        await last;
        await White.StartServerAsync();
        deleted = Objects(await CollectAsync(White), "deleted") + Objects(await CollectAsync(White), "deleted");

        Assert.Equal("", await White.ShellAsync("for f in a b c; do [ \"$(sha256sum <mnt/$f)\" = \"$(cat sums/$f.sum)\" ] || echo $f; cmp mnt/$f mnt/$f.copy; done"));
        Assert.Equal("", await White.ShellAsync("for s in sums/*.snapshot; do n=$(basename $s .snapshot); (cd mnt/.snap/$n && sha256sum --quiet -c ../../../sums/$n.snapshot); done"));
    }

    private static async Task<JsonElement> CollectAsync(Node node)
    {
        using JsonDocument reply = JsonDocument.Parse(await node.RunAsync("gc --json"));
        return reply.RootElement.Clone();
    }

    private static long Objects(JsonElement reply, string name) => reply.GetProperty(name).GetProperty("objects").GetInt64();

    private static long Bytes(JsonElement reply, string name) => reply.GetProperty(name).GetProperty("bytes").GetInt64();

    /// <summary>What the store of a node takes on the disk.</summary>
    /// <summary>Space is given back in the background.</summary>
    private static async Task UntilUsedAsync(Node node, long bytes)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (await UsedAsync(node) > bytes)
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromSeconds(60), $"{await UsedAsync(node)} bytes are in use, not {bytes}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    /// <summary>What the records occupy on the disk; the open segment has some space reserved ahead of them.</summary>
    private static async Task<long> UsedAsync(Node node)
    {
        using JsonDocument store = JsonDocument.Parse(await node.RunAsync("store show --json"));
        long ahead = store.RootElement.GetProperty("segments").GetInt32() * ReservedBytesMax;
        string blocks = await node.ShellAsync($"find {node.DataDirectory}/objects/segments -type f -printf '%b\\n' | awk '{{s += $1}} END {{print s * 512}}'");
        return Math.Max(0, long.Parse(blocks, System.Globalization.CultureInfo.InvariantCulture) - ahead);
    }
}
