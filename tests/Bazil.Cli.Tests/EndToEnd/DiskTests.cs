using Bazil.Testing.PowerCut;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>A server whose data directory lies on a real disk of its own, small enough to fill, and that can fail.</summary>
public sealed class DiskTests : EndToEndTest
{
    [Fact]
    public async Task Failed_disk_makes_the_volume_read_only_and_status_says_why()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(512L << 20, out string reason);
        Assert.SkipWhen(disk is null, reason);
        await using var node = new Node(Root, "failing") { DataDirectory = Path.Combine(disk.Path, "data") };
        await MountAsync(node);
        await node.ShellAsync("echo kept >mnt/kept && sync mnt/kept");
        Assert.DoesNotContain("read-only", await node.RunAsync("status"));

        disk.Shutdown();
        ChildProcess.Result write = await ChildProcess.ShellAsync("echo lost >mnt/lost && sync mnt/lost", node.Directory, Cancel);
        Assert.NotEqual(0, write.Code);

        string status = await node.RunAsync("status");
        Assert.Contains("volume myfiles is read-only", status);
        Assert.Contains("Read-only file system", (await ChildProcess.ShellAsync("LC_ALL=C mkdir mnt/directory", node.Directory, Cancel)).Error);
        Assert.Equal("kept", await node.ShellAsync("cat mnt/kept"));

        await node.KillServerAsync();
        disk.Remount();
        await node.StartServerAsync();
        Assert.Equal("kept", await node.ShellAsync("cat mnt/kept && mkdir mnt/directory"));
        Assert.DoesNotContain("read-only", await node.RunAsync("status"));
        Assert.Equal(0, await node.StopServerAsync());
    }

    [Fact]
    public async Task Full_disk_refuses_content_lets_files_be_removed_and_goes_on_afterwards()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(128L << 20, out string reason);
        Assert.SkipWhen(disk is null, reason);
        await using var node = new Node(Root, "small") { DataDirectory = Path.Combine(disk.Path, "data") };
        await MountAsync(node);
        await node.ShellAsync("head -c 5000000 /dev/urandom >mnt/kept && sync mnt/kept");
        string sum = await node.ShellAsync("sha1sum <mnt/kept");

        string error = await node.ShellAsync("for i in $(seq 100); do LC_ALL=C dd if=/dev/urandom of=mnt/full$i bs=1M count=4 conv=fsync status=none 2>err || break; done; cat err");
        Assert.Contains("No space left on device", error);
        Assert.DoesNotContain("read-only", await node.RunAsync("status"));
        Assert.Equal(sum, await node.ShellAsync("sha1sum <mnt/kept"));
        await node.ShellAsync("mkdir mnt/small && for i in $(seq 50); do echo $i >mnt/small/$i; done && mv mnt/small mnt/renamed && rm -r mnt/renamed mnt/full*");

        for (int i = 0; i < 2; i++) await node.RunAsync("gc"); // the first finds it, the second deletes it
        await node.ShellAsync("head -c 20000000 /dev/urandom >mnt/again && sync mnt/again");
        string again = await node.ShellAsync("sha1sum <mnt/again");
        Assert.Equal(0, await node.StopServerAsync());
        await node.StartServerAsync();
        Assert.Equal(sum, await node.ShellAsync("sha1sum <mnt/kept"));
        Assert.Equal(again, await node.ShellAsync("sha1sum <mnt/again"));
        await node.RunAsync("check -read-data");
        Assert.Equal(0, await node.StopServerAsync());
    }
}
