using Bazil.Testing.PowerCut;

namespace Bazil.Cli.Tests.EndToEnd;

/// <summary>The disk with the content goes away while a volume is mounted; the metadata is on another.</summary>
public sealed class VanishedDiskTests : EndToEndTest
{
    [Fact]
    public async Task Volume_becomes_read_only_status_says_why_and_everything_synced_is_there_when_the_disk_is_back()
    {
        using PowerCutDisk? disk = PowerCutDisk.TryCreate(256L * 1024 * 1024, out string reason);
        Assert.SkipWhen(disk is null, reason);
        await White.RunAsync("create");
        Directory.CreateDirectory(Path.Combine(disk.Path, "objects"));
        Directory.CreateSymbolicLink(Path.Combine(White.DataDirectory, "objects"), Path.Combine(disk.Path, "objects"));
        await White.StartServerAsync();
        await White.RunAsync("volume create myfiles");
        await White.ShellAsync("mkdir mnt");
        await White.RunAsync("volume mount myfiles mnt");
        await White.ShellAsync("head -c 1000000 /dev/urandom >mnt/big; sync mnt/big");
        string sum = await White.ShellAsync("sha256sum <mnt/big");
        Assert.DoesNotContain("read-only", await White.RunAsync("status"));

        disk.Shutdown();
        Assert.NotEqual(0, (await ChildProcess.ShellAsync("head -c 1000000 /dev/urandom >mnt/other && sync mnt/other", White.Directory, Cancel)).Code);
        string first = await White.RunAsync("status");
        Assert.Contains("something is wrong in storage local: store local could not be changed: its disk fails or is gone", first);
        Assert.Contains("Read-only file system", await White.ShellAsync("for i in $(seq 1 300); do mkdir mnt/late$i 2>&1 || break; sync mnt/late$i 2>/dev/null || :; sleep 0.1; done"));
        string status = await White.RunAsync("status");
        Assert.Contains("storage local takes no changes since a sync failed", status);
        Assert.Contains("volume myfiles is read-only", status);
        Assert.Contains("its disk fails or is gone", status);
        await White.RunAsync("server ping");
        Assert.Contains("big", await White.ShellAsync("ls mnt"));

        await White.KillServerAsync();
        await White.ShellAsync("umount -l mnt || fusermount3 -uz mnt");
        disk.Remount();
        await White.StartServerAsync();
        await White.RunAsync("server ping");
        Assert.Equal(sum, await White.ShellAsync("sha256sum <mnt/big"));
        Assert.DoesNotContain("read-only", await White.RunAsync("status"));
        await White.ShellAsync("mkdir mnt/new");
        Assert.Contains("no damage", await White.RunAsync("check --read-data"));
        Assert.Equal(0, await White.StopServerAsync());
    }
}
