using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Tests.Snapshots;

public class DynamicInodeTests
{
    [Fact]
    public void Numbers_are_frozen()
    {
        // python3 -c "import hashlib,struct;print(hex(struct.unpack('<Q',hashlib.blake2b(struct.pack('<Q',1)+b'hello',digest_size=16,person=b'bazil-inode').digest()[:8])[0]|1<<63))"
        Assert.Equal(0xf33ecb7e3a05a65cUL, DynamicInode.Of(InodeId.Root, FileName.Parse("hello")).Value);
    }

    [Fact]
    public void Numbers_are_dynamic_and_all_different()
    {
        var seen = new HashSet<InodeId>();
        for (ulong parent = 1; parent <= 100; parent++)
        {
            for (int number = 0; number < 1000; number++)
            {
                InodeId inode = DynamicInode.Of(new InodeId(parent), FileName.Parse($"{number}"));
                Assert.True(inode.IsDynamic);
                Assert.True(seen.Add(inode), $"{number} in {parent}");
            }
        }
    }

    [Fact]
    public void Longest_name_counts_to_its_last_byte()
    {
        byte[] name = new byte[Limits.NameBytesMax];
        name.AsSpan().Fill((byte)'a');
        InodeId first = DynamicInode.Of(InodeId.Root, FileName.Parse(name));
        name[^1]++;
        Assert.NotEqual(first, DynamicInode.Of(InodeId.Root, FileName.Parse(name)));
    }
}
