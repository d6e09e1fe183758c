using Bazil.Remotes.Folders;
using Bazil.Unix;

namespace Bazil.Remotes.Tests.Folders;

public sealed class LabelledDiskTests
{
    [Theory]
    [InlineData("disk:blue", "blue", "bazil")]
    [InlineData("disk:blue/bazil", "blue", "bazil")]
    [InlineData("disk:My Disk/backup/bazil/", "My Disk", "backup/bazil")]
    public void Address_is_label_and_directory(string text, string label, string directory)
    {
        Assert.True(LabelledDisk.TryParse(text, out LabelledDisk? disk));
        Assert.Equal(new LabelledDisk(label, directory), disk);
        Assert.True(LabelledDisk.TryParse(disk.ToString(), out LabelledDisk? again));
        Assert.Equal(disk, again);
    }

    [Theory]
    [InlineData("disk:")]
    [InlineData("disk:/path")]
    [InlineData("disk:blue/../etc")]
    [InlineData("disk:blue//x")]
    [InlineData("disk:blue\n")]
    [InlineData("blue")]
    public void What_is_no_address_is_refused(string text) => Assert.False(LabelledDisk.TryParse(text, out _));

    [Theory]
    [InlineData("36 35 8:17 / /media/my\\040disk rw,noatime shared:1 - ext4 /dev/sdb1 rw", "/media/my disk", "/dev/sdb1")]
    [InlineData("36 35 8:17 / /mnt rw - vfat /dev/sdb1 rw", "/mnt", "/dev/sdb1")]
    [InlineData("36 35 8:17 /part /mnt rw - ext4 /dev/sdb1 rw", null, null)]
    [InlineData("36 35 0:5 / /proc rw - proc proc rw", null, null)]
    [InlineData("", null, null)]
    public void Mounts_of_whole_disks_are_found(string line, string? mountpoint, string? source) =>
        Assert.Equal(mountpoint is null ? null : (36UL, mountpoint, source!), LabelledDisk.TryParseMount(line));

    [Fact]
    public void Directory_that_is_left_where_a_disk_was_mounted_is_not_taken_for_the_disk()
    {
        // The mount of /proc is certainly another one than that of the root.
        using DirectoryHandle proc = DirectoryHandle.Open("/proc");
        using (DirectoryHandle? mounted = LabelledDisk.TryOpen(proc.MountId, "/proc")) Assert.NotNull(mounted);
        Assert.Null(LabelledDisk.TryOpen(proc.MountId, "/"));
        Assert.Null(LabelledDisk.TryOpen(proc.MountId, "/no/such/directory"));
        Assert.Contains($"\n{proc.MountId} ", "\n" + File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("blue", "blue")]
    [InlineData("My Disk", "My\\x20Disk")]
    [InlineData("a\\b", "a\\x5cb")]
    public void Labels_are_written_as_udev_writes_them(string label, string link) => Assert.Equal(link, LabelledDisk.Encode(label));
}
