using System.Text.Json;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A removable disk, here an image on a loop device: content is copied to it when it is plugged in, and read from it.</summary>
public sealed class DiskStorageTests : EndToEndTest
{
    private readonly string _label = $"bz{Environment.ProcessId}";
    private bool _isPlugged;

    private string Link => $"/dev/disk/by-label/{_label}";

    public override async ValueTask DisposeAsync()
    {
        if (_isPlugged) await UnplugAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Disk_is_filled_when_it_is_there_known_when_it_is_not_and_another_machine_reads_from_it()
    {
        await MakeDiskAsync();
        await MountAsync(White);
        await White.FailsAsync("volume storage add myfiles disk:no-such-disk", "disk no-such-disk is not plugged in", "plug it in and mount it");
        await White.RunAsync($"volume storage add myfiles disk:{_label}");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/first");
        await UntilAsync(White, "complete");

        await White.RunAsync($"volume storage limit -up=64KiB/s myfiles {_label}");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/urgent");
        Assert.Matches("^(copied .* in|nothing to copy)", await White.RunAsync($"push mnt/urgent {_label}"));
        Assert.Equal("nothing to copy", await White.RunAsync($"push mnt {_label}"));
        Assert.Matches($@"mnt/urgent +{_label} +everything +disk:", await White.RunAsync("whereis mnt/urgent"));
        await White.FailsAsync("push mnt/urgent default", "nothing is copied to storage default", "get PATH", $"storages that content is copied to: {_label}");
        await White.FailsAsync("push mnt/urgent nowhere", "has no storage called nowhere");
        await White.FailsAsync($"push mnt/two\nlines {_label}", @"mnt/two\nlines");
        await White.FailsAsync("whereis mnt/two\nlines", @"mnt/two\nlines");
        await White.RunAsync($"volume storage limit -off myfiles {_label}");
        await UntilAsync(White, "complete");

        await UnplugAsync();
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/second");
        await White.FailsAsync($"push mnt {_label}", "is not plugged in");
        await UntilAsync(White, "away");
        Assert.Matches($@"mnt/urgent +{_label} +everything, last seen \d", await White.RunAsync("whereis mnt/urgent"));
        Assert.Matches($@"disk {_label} is not plugged in; 1 change waits, last seen \d\d\d\d-", await White.RunAsync("volume storage list myfiles"));
        Assert.DoesNotContain("not plugged in", await White.RunAsync("status"));
        Assert.True(await PlugAsync());
        await UntilAsync(White, "complete");

        // More than it can take.
        await White.ShellAsync("head -c 40000000 /dev/urandom >mnt/large");
        await White.UntilSaidAsync("volume storage list myfiles", "the disk is full");
        await White.UntilSaidAsync("status", "the disk is full");

        string sums = await White.ShellAsync("rm mnt/large; cd mnt; sha256sum first second");
        string snapshot = await White.RunAsync("snapshot create -json myfiles one");
        await White.StopServerAsync();
        await White.ShellAsync($"rm -r '{White.DataDirectory}/objects'");
        await White.StartServerAsync();
        await White.RunAsync("server ping");
        Assert.Equal(sums, await White.ShellAsync("cd mnt; sha256sum first second"));
        Assert.NotEmpty(snapshot);
    }

    [Fact]
    public async Task Content_goes_while_the_disk_that_has_it_is_plugged_in_and_comes_back_from_it()
    {
        await MakeDiskAsync();
        await MountAsync(White);
        await White.RunAsync($"volume storage add myfiles disk:{_label}");
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/file");
        string sum = await White.ShellAsync("sha256sum <mnt/file");
        await UntilAsync(White, "complete");
        await UnplugAsync();
        Assert.Matches($@"^nothing went\nstays: .* disk {_label} is not plugged in$", await White.RunAsync("evict mnt/file"));
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/later");
        Assert.Matches("^nothing went\nstays: .* waits to be copied", await White.RunAsync("evict mnt/later"));
        Assert.True(await PlugAsync());
        await UntilAsync(White, "complete");
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/file"));
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await White.RunAsync("evict mnt/later"));
        Assert.Matches(@"mnt/file +default +1 of \d+ chunks", await White.RunAsync("whereis mnt/file"));

        // Pinned, it comes as soon as the disk is back.
        await UnplugAsync();
        await White.RunAsync("pin mnt/file");
        await UntilPinsAsync("waiting");
        Assert.True(await PlugAsync());
        await UntilPinsAsync("complete");
        Assert.Matches(@"mnt/file +default +everything", await White.RunAsync("whereis mnt/file"));
        await UnplugAsync();
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/file"));
    }

    [Fact]
    public async Task Complete_is_not_said_while_a_snapshot_or_a_file_of_a_moment_ago_is_not_there()
    {
        await MakeDiskAsync();
        await MountAsync(White);
        await White.ShellAsync("mkdir mnt/dir; head -c 10000 /dev/urandom >mnt/dir/file");
        await White.RunAsync($"volume storage add myfiles disk:{_label}");
        string[] changes = ["mkdir mnt/.snap/quiet", "head -c 10000 /dev/urandom >mnt/dir/file", "mkdir mnt/.snap/changed", "head -c 10000 /dev/urandom >mnt/dir/file"];
        foreach (string change in changes)
        {
            long before = await UntilAsync(White, "complete");
            await White.ShellAsync(change);
            Assert.True(await UntilAsync(White, "complete") > before, $"nothing was copied after {change}");
        }

        // Whoever takes out a part of it is found out by the next listing: until it is sent again, it is not complete.
        await White.ShellAsync($"rm -r '{Root}/media/bazil/packs'; mkdir '{Root}/media/bazil/packs'");
        await White.StopServerAsync();
        await White.StartServerAsync();
        Assert.True(await UntilAsync(White, "complete") > 0);
        Assert.NotEmpty(Directory.EnumerateFiles($"{Root}/media/bazil/packs", "*.pack", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_was_read_from_a_disk_that_another_machine_has_filled_may_go_and_comes_back()
    {
        await MakeDiskAsync();
        await MountAsync(White);
        await White.ShellAsync("head -c 3000000 /dev/urandom >mnt/file; mkdir mnt/.snap/one");
        await White.RunAsync($"volume storage add myfiles disk:{_label}");
        await UntilAsync(White, "complete");
        string sum = await White.ShellAsync("sha256sum <mnt/file");
        string key = JsonDocument.Parse(await White.RunAsync("snapshot list -json myfiles")).RootElement.GetProperty("snapshots")[0].GetProperty("key").GetString()!;
        await White.RunAsync($"sharing export default {White.Directory}/key");

        await Black.RunAsync("create");
        await Black.StartServerAsync();
        await Black.RunAsync("sharing add theirs", await File.ReadAllBytesAsync(Path.Combine(White.Directory, "key"), Cancel));
        await Black.RunAsync($"volume import -snapshot={key} -sharing=theirs -storage=disk:{_label} copy");
        await Black.ShellAsync("mkdir mnt");
        await Black.RunAsync("volume mount copy mnt");
        Assert.Equal(sum, await Black.ShellAsync("sha256sum <mnt/file"));
        Assert.Matches(@"^2\.\d+ MiB in \d+ objects gone$", await Black.RunAsync("evict mnt/file"));
        Assert.Matches("^fetched 2", await Black.RunAsync("get mnt/file"));
        Assert.Equal(sum, await Black.ShellAsync("sha256sum <mnt/file"));
    }

    private async Task MakeDiskAsync()
    {
        ChildProcess.Result made = await ChildProcess.ShellAsync($"truncate -s 24M '{Root}/image'; mkfs.ext4 -q -F -m 0 -L {_label} '{Root}/image'; mkdir -p '{Root}/media' /dev/disk/by-label", "/", Cancel);
        Assert.SkipUnless(made.Code == 0 && await PlugAsync(), $"no disk can be made here: {made.Error}");
    }

    private async Task UntilPinsAsync(string state)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (int tick = 0; ; tick++)
        {
            string found = await White.RunAsync("pin list -json");
            if (JsonDocument.Parse(found).RootElement.GetProperty("states").EnumerateArray().Any(info => info.GetProperty("state").GetString() == state)) return;
            Assert.True(tick < 200, found);
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    private async Task<bool> PlugAsync()
    {
        ChildProcess.Result plugged = await ChildProcess.ShellAsync($"device=$(losetup --find --show '{Root}/image'); ln -s \"$device\" {Link}; mount \"$device\" '{Root}/media'", "/", Cancel);
        return _isPlugged = plugged.Code == 0;
    }

    private async Task UnplugAsync()
    {
        ChildProcess.Result gone = await ChildProcess.ShellAsync($"umount '{Root}/media'; losetup --detach \"$(readlink {Link})\"; rm {Link}", "/", CancellationToken.None);
        Assert.True(gone.Code == 0, gone.Error);
        _isPlugged = false;
    }

    /// <summary>Returns how many objects were sent until then, since the start of the server.</summary>
    private static async Task<long> UntilAsync(Node node, string state)
    {
        long deadline = Environment.TickCount64 + 60_000;
        for (;;)
        {
            string reply = await node.RunAsync("volume storage list -json myfiles");
            JsonElement copy = JsonDocument.Parse(reply).RootElement.GetProperty("storages")[1].GetProperty("copy");
            if (copy.GetProperty("state").GetString() == state) return copy.GetProperty("sentObjects").GetInt64();
            Assert.True(Environment.TickCount64 < deadline, $"{state} was not reached: {reply}\n{node.Messages}");
        }
    }
}
