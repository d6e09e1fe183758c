using Bazil.Core;
using Bazil.Storage.Metadata;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Metadata;

public class MetadataKeyTests
{
    [Fact]
    public void Key_is_the_table_and_its_parts_big_endian()
    {
        MetadataKey key = new MetadataKey(stackalloc byte[MetadataKey.MaxSize], Table.Dirent)
            .Add(7u).Add(new InodeId(0x0102)).Add("né");
        Assert.Equal("21" + "00000007" + "0000000000000102" + "6ec3a9", Convert.ToHexStringLower(key.Bytes));
    }

    [Fact]
    public void Prefix_stays_valid_and_is_extended_again()
    {
        var prefix = new MetadataKey(stackalloc byte[MetadataKey.MaxSize], Table.Dirent).Add(1u);
        byte[] first = prefix.Add("a"u8).Bytes.ToArray();
        byte[] second = prefix.Add("bc"u8).Bytes.ToArray();
        Assert.Equal([0x21, 0, 0, 0, 1], prefix.Bytes.ToArray());
        Assert.Equal([0x21, 0, 0, 0, 1, (byte)'a'], first);
        Assert.Equal([0x21, 0, 0, 0, 1, (byte)'b', (byte)'c'], second);
    }

    [Fact]
    public void Reader_returns_what_was_put_in()
    {
        var replica = new ReplicaId(0xAB);
        var node = new NodeId(new Version(5, new ReplicaId(9)));
        var peer = new PeerId(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());
        MetadataKey key = new MetadataKey(stackalloc byte[MetadataKey.MaxSize], Table.Change)
            .Add(3u).Add(replica).Add(77ul).Add(node).Add(peer).Add(new VolumeId(12)).Add("rest");

        var reader = new MetadataKeyReader(key.Bytes);
        Assert.Equal(Table.Change, reader.ReadTable());
        Assert.Equal(3u, reader.ReadUInt32());
        Assert.Equal(replica, reader.ReadReplica());
        Assert.Equal(77ul, reader.ReadUInt64());
        Assert.Equal(node, reader.ReadNode());
        Assert.Equal(peer, reader.ReadPeer());
        Assert.Equal(new VolumeId(12), reader.ReadVolume());
        Assert.Equal("rest"u8.ToArray(), reader.Rest.ToArray());
    }

    [Fact]
    public void Key_that_ends_early_is_reported_as_damage()
    {
        Assert.Throws<MetadataException>(() =>
        {
            var reader = new MetadataKeyReader([0x20, 0, 0]);
            reader.ReadTable();
            reader.ReadUInt32();
        });
    }

    [Fact]
    public void Part_that_does_not_fit_is_refused()
    {
        Assert.Throws<InvariantException>(() => { _ = new MetadataKey(stackalloc byte[4], Table.Inode).Add(1u); });
    }

    [Theory]
    [InlineData("20", "21")]
    [InlineData("20ff", "21")]
    [InlineData("2000", "2001")]
    [InlineData("fe ffff", "ff")]
    [InlineData("ffff", "")]
    [InlineData("", "")]
    public void Prefix_end_is_the_smallest_key_above_all_with_the_prefix(string prefix, string end)
    {
        byte[] bytes = Convert.FromHexString(prefix.Replace(" ", ""));
        Assert.Equal(end, Convert.ToHexStringLower(MetadataKey.PrefixEnd(bytes, new byte[bytes.Length])));
    }

    [Fact]
    public void Byte_order_of_keys_is_the_order_of_versions()
    {
        Seed seed = Seed.Take(1);
        Random random = seed.CreateRandom();
        for (int i = 0; i < 1000; i++)
        {
            var left = new Version((ulong)random.NextInt64(4), new ReplicaId((UInt128)random.NextInt64(1 << 9)));
            var right = new Version((ulong)random.NextInt64(4), new ReplicaId((UInt128)random.NextInt64(1 << 9)));
            int bytes = new MetadataKey(new byte[64], Table.Node).Add(left).Bytes
                .SequenceCompareTo(new MetadataKey(new byte[64], Table.Node).Add(right).Bytes);
            Assert.True(Math.Sign(bytes) == Math.Sign(left.CompareTo(right)), $"{left} {right} {seed}");
        }
    }
}
