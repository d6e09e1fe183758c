using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Nodes;

/// <summary>The canonical form of nodes: frozen bytes, round trips, damage.</summary>
public sealed class NodeCodecTests
{
    [Fact]
    public void The_form_of_a_node_is_frozen()
    {
        var writer = new WireWriter();
        NodeCodec.WriteReplicated(writer, Sample());
        string golden = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Nodes", "Golden", "node.hex")).Replace("\n", "", StringComparison.Ordinal);
        Assert.Equal(golden, Convert.ToHexStringLower(writer.Span));
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var writer = new WireWriter();
        NodeRecord node = Sample();
        NodeCodec.WriteReplicated(writer, node);
        NodeRecord read = Read(writer.ToArray());
        var again = new WireWriter();
        NodeCodec.WriteReplicated(again, read);
        Assert.Equal(writer.ToArray(), again.ToArray());
        Assert.Equal(node.Content.ToString(), read.Content.ToString());
        Assert.Equal(node.Attributes.Largest.Value, read.Attributes.Largest.Value);
        Assert.Equal(node.Links[0].Last, read.Links[0].Last);
    }

    [Fact]
    public void Epochs_node_is_read_back_and_every_truncation_refused()
    {
        var node = new NodeRecord(NodeId.KeyEpochs, NodeKind.KeyEpochs, new InodeId(3));
        var version = new Version(7, new ReplicaId(9));
        node.Epochs = node.Epochs.With(version, new KeyEpoch(2, new KeyFingerprint(5)));
        node.Releases = node.Releases.With(version, new EpochRelease(new PeerId(Enumerable.Repeat((byte)3, PeerId.Size).ToArray()), new KeyFingerprint(5)));
        node.Stamp = Knowledge.Of(version);
        var writer = new WireWriter();
        NodeCodec.WriteReplicated(writer, node);
        NodeRecord read = Read(writer.ToArray());
        Assert.Equal(node.Epochs.ToString(), read.Epochs.ToString());
        Assert.Equal(node.Releases.Largest, read.Releases.Largest);
        byte[] bytes = writer.ToArray();
        for (int length = 0; length < bytes.Length; length++) Assert.Throws<WireFormatException>(() => Read(bytes[..length]));
        byte[] endless = [.. bytes];
        endless[^(KeyFingerprint.Size + PeerId.Size + Version.Size + 1 + KeyFingerprint.Size + 1)] = 0;
        Assert.Throws<WireFormatException>(() => Read(endless));
    }

    [Fact]
    public void A_row_keeps_the_local_part()
    {
        NodeRecord node = Sample();
        node.Entries = 3;
        node.Subdirectories = 2;
        node.AccessTime = new UnixTime(-5, 999_999_999);
        node.Choice = node.Content.Pairs[0].Version;
        byte[] row = NodeCodec.EncodeRow(new WireWriter(), node, 77);
        Knowledge reference = Knowledge.Of(node.Id.Creation);
        NodeRecord read = NodeCodec.DecodeRow(node.Inode, row, id => id == 77 ? reference : Knowledge.Empty);
        Assert.Equal((3u, 2u, node.AccessTime, node.Choice, reference), (read.Entries, read.Subdirectories, read.AccessTime, read.Choice, read.Reference));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] bytes = Encoded();
        for (int length = 0; length < bytes.Length; length++) Assert.Throws<WireFormatException>(() => Read(bytes[..length]));
    }

    [Fact]
    public void Every_flipped_bit_is_refused_or_gives_another_canonical_node()
    {
        byte[] bytes = Encoded();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                var again = new WireWriter();
                NodeCodec.WriteReplicated(again, Read(damaged));
                Assert.Equal(damaged, again.ToArray());
            }
            catch (WireFormatException)
            {
                // Refused, which is as good.
            }
        }
    }

    [Fact]
    public void Random_bytes_never_do_worse_than_be_refused()
    {
        Seed seed = Seed.Take(4711);
        Random random = seed.CreateRandom();
        byte[] valid = Encoded();
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = random.Next(2) == 0 ? [.. valid] : new byte[random.Next(400)];
            for (int change = random.Next(1, 12); change > 0 && bytes.Length > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Read(bytes);
            }
            catch (WireFormatException)
            {
                // The only exception allowed.
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    public void What_is_no_name_is_refused(string text) => Assert.Throws<WireFormatException>(() => FileName.Parse(text));

    [Fact]
    public void A_name_has_at_most_255_bytes()
    {
        Assert.Equal(255, FileName.Parse(new string('x', 255)).Span.Length);
        Assert.Throws<WireFormatException>(() => FileName.Parse(new string('x', 256)));
    }

    private static byte[] Encoded()
    {
        var writer = new WireWriter();
        NodeCodec.WriteReplicated(writer, Sample());
        return writer.ToArray();
    }

    private static NodeRecord Read(byte[] bytes)
    {
        var reader = new WireReader(bytes, "test node");
        NodeRecord node = NodeCodec.ReadReplicated(ref reader, _ => new InodeId(2000));
        reader.ExpectEnd();
        return node;
    }

    private static NodeRecord Sample()
    {
        ReplicaId a = new(0xaa), b = new(0xbb);
        var created = new Version(7, a);
        var edited = new Version(8, b);
        var time = new UnixTime(1767784832, 1);
        byte[] key = new byte[ChunkKey.Size];
        Array.Fill(key, (byte)0x11);
        var node = new NodeRecord(new NodeId(created), NodeKind.File, new InodeId(2000));
        node.Content = node.Content.With(created, ContentValue.Inline("hello"u8, time)).With(edited, ContentValue.Blob(new Manifest(new ChunkKey(key), 1_000_000_000, 131072, 128, 1), time with { Nanoseconds = 2 }));
        node.Attributes = node.Attributes.With(created, new AttributeValue(0x1A4, AttributeValue.Self, 100, time, ExtendedAttributes.None.With("user.a"u8, "1"u8).With("user.b"u8, "2"u8)));
        Link link = Link.Create(created, new Place(NodeId.Root, FileName.Parse("name"))).MoveTo(new Version(9, a), new Place(NodeId.Root, FileName.Parse("new name")));
        node.SetLink(link);
        node.SetLink(Link.Create(edited, new Place(NodeId.Root, FileName.Parse("second"))).Remove(new Version(9, a)));
        node.Stamp = Knowledge.Of([KeyValuePair.Create(a, 9UL), KeyValuePair.Create(b, 8UL)]);
        return node;
    }
}
