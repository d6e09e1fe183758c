using System.Runtime.InteropServices;
using System.Text;
using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Tests.FileSystem;

public sealed class DirectoryBufferTests
{
    [Fact]
    public void Padding_after_a_name_is_zero()
    {
        var memory = new byte[64];
        Array.Fill(memory, (byte)0xFF);
        var buffer = Lend(memory, wantsPlus: false);
        Assert.True(buffer.TryAdd("abc"u8, 7, FuseFileType.Regular, 5));
        Assert.Equal(32, buffer.Used);
        var header = MemoryMarshal.Read<Abi.Dirent>(memory);
        Assert.Equal((7UL, 5UL, 3u, 8u), (header.Inode, header.Offset, header.NameLength, header.Type));
        Assert.Equal("abc\0\0\0\0\0", Encoding.ASCII.GetString(memory, 24, 8));
        Assert.Equal(0xFF, memory[32]);
    }

    [Fact]
    public void An_entry_that_does_not_fit_leaves_the_buffer_as_it_was()
    {
        var buffer = Lend(new byte[63], wantsPlus: false);
        Assert.True(buffer.TryAdd("a"u8, 1, FuseFileType.Regular, 1));
        Assert.False(buffer.TryAdd("b"u8, 2, FuseFileType.Regular, 2));
        Assert.Equal(32, buffer.Used);
    }

    [Fact]
    public void An_entry_added_without_its_lookup_has_no_node_id_in_a_plus_read()
    {
        var memory = new byte[512];
        var buffer = Lend(memory, wantsPlus: true);
        Assert.True(buffer.TryAdd("."u8, 9, FuseFileType.Directory, 1));
        Assert.True(buffer.TryAddPlus("f"u8, new FuseEntry { Node = new FuseNodeId(3), Attributes = new FuseAttributes { Inode = 30, Mode = FuseMode.Regular } }, 2));
        var first = MemoryMarshal.Read<Abi.DirentPlus>(memory);
        var second = MemoryMarshal.Read<Abi.DirentPlus>(memory.AsSpan(160));
        Assert.Equal((0UL, 9UL), (first.Entry.NodeId, first.Dirent.Inode));
        Assert.Equal((3UL, 30UL, 8u), (second.Entry.NodeId, second.Dirent.Inode, second.Dirent.Type));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void Names_the_kernel_would_choke_on_are_refused(string name)
    {
        var buffer = Lend(new byte[512], wantsPlus: true);
        Assert.Throws<ArgumentException>(() => buffer.TryAddPlus(Encoding.ASCII.GetBytes(name), default, 1));
        Assert.True(buffer.IsEmpty);
    }

    [Fact]
    public void A_name_of_255_bytes_fits_and_one_of_256_is_refused()
    {
        var buffer = Lend(new byte[4096], wantsPlus: false);
        Assert.True(buffer.TryAdd(new byte[255].Select(_ => (byte)'n').ToArray(), 1, FuseFileType.Regular, 1));
        Assert.Throws<ArgumentException>(() => buffer.TryAdd(Enumerable.Repeat((byte)'n', 256).ToArray(), 1, FuseFileType.Regular, 2));
    }

    private static DirectoryBuffer Lend(byte[] memory, bool wantsPlus)
    {
        var buffer = new DirectoryBuffer();
        buffer.Lend(memory, wantsPlus);
        return buffer;
    }
}
