using Bazil.Fuse.Mount;

namespace Bazil.Fuse.Tests.Mount;

public sealed class MountTableTests
{
    [Fact]
    public void A_line_with_optional_fields_is_parsed()
    {
        Assert.True(MountTable.TryParse("36 35 0:52 / /mnt/a rw,nosuid shared:1 master:2 - fuse.memory memory rw,user_id=0", out var entry));
        Assert.Equal(new MountTableEntry(52, "/", "/mnt/a", "fuse.memory"), entry);
        Assert.True(entry.IsFuse);
    }

    [Fact]
    public void Spaces_and_backslashes_in_a_path_are_unescaped()
    {
        Assert.True(MountTable.TryParse(@"36 35 8:1 / /mnt/a\040b\134c\134040 rw - ext4 /dev/sda1 rw", out var entry));
        Assert.Equal(@"/mnt/a b\c\040", entry.Mountpoint);
        Assert.False(entry.IsFuse);
        Assert.Equal((8u << 20) | 1, entry.Device);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35 0:52 / /mnt rw")]
    [InlineData("36 35 052 / /mnt rw - fuse x rw")]
    [InlineData("36 35 0:52 / /mnt rw -")]
    public void A_line_that_is_cut_short_is_no_entry(string line) => Assert.False(MountTable.TryParse(line, out _));

    [Fact]
    public void Proc_is_found_in_the_table_of_this_machine()
    {
        Assert.True(MountTable.TryFind("/proc", out var entry));
        Assert.Equal("proc", entry.Type);
    }
}
