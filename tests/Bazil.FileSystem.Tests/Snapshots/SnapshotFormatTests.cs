using System.Diagnostics;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Blobs;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>
/// The formats to the byte, and what becomes of damaged ones behind the hash. The golden values are made by a second
/// implementation, Golden/vectors.py.
/// </summary>
public class SnapshotFormatTests
{
    [Fact]
    public void Leaf_is_frozen() => Assert.Equal(Golden("leaf.hex"), Convert.ToHexStringLower(Leaf()));

    [Fact]
    public void Branch_is_frozen() => Assert.Equal(Golden("branch.hex"), Convert.ToHexStringLower(Branch()));

    [Fact]
    public void Root_is_frozen() => Assert.Equal(Golden("root.hex"), Convert.ToHexStringLower(Root()));

    [Fact]
    public async Task Keys_of_a_small_tree_are_frozen()
    {
        var tree = new ModelTree();
        InodeId directory = tree.AddDirectory(tree.Root, FileName.Parse("docs"));
        tree.AddFile(directory, FileName.Parse("greeting"), ModelTree.Text("hello, world\n"));
        tree.AddDirectory(directory, FileName.Parse("empty"));
        SnapshotKey key = await new SnapshotWriter(new ForgedChunkStore()).WriteAsync(tree, CancellationToken.None);
        Assert.Equal(Golden("small-tree.key"), key.ToString());
    }

    [Fact]
    public async Task Key_of_a_tree_of_three_levels_is_frozen()
    {
        var tree = new ModelTree();
        for (int number = 0; number < 10_000; number++)
        {
            tree.AddFile(tree.Root, FileName.Parse($"{number:d5}" + new string('x', 200)), ModelTree.Text($"content of {number}"));
        }

        SnapshotKey key = await new SnapshotWriter(new ForgedChunkStore()).WriteAsync(tree, CancellationToken.None);
        Assert.Equal(2, tree.Written[tree.Root].Height);
        Assert.Equal(Golden("wide-tree.key"), key.ToString());
    }

    [Fact]
    public void Second_implementation_agrees_with_the_golden_values()
    {
        string python = Environment.GetEnvironmentVariable("BAZIL_PYTHON") ?? "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(python), $"{python} is not installed");
        string script = Path.Combine(AppContext.BaseDirectory, "Snapshots", "Golden", "vectors.py");
        using Process process = Process.Start(new ProcessStartInfo(python, [script]) { RedirectStandardError = true, UseShellExecute = false })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    [Fact]
    public void Truncated_formats_are_refused()
    {
        foreach ((byte[] bytes, Func<byte[], byte[]> reencode) in Formats())
        {
            Assert.Equal(bytes, reencode(bytes));
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<WireFormatException>(() => reencode(bytes[..length]));
            }

            Assert.Throws<WireFormatException>(() => reencode([.. bytes, 1]));
        }
    }

    [Fact]
    public void Flipped_bit_is_refused_or_means_exactly_what_is_there()
    {
        int refused = 0;
        int different = 0;
        foreach ((byte[] bytes, Func<byte[], byte[]> reencode) in Formats())
        {
            for (int bit = 0; bit < bytes.Length * 8; bit++)
            {
                byte[] flipped = [.. bytes];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                try
                {
                    Assert.True(flipped.AsSpan().SequenceEqual(reencode(flipped)), $"bit {bit}: two encodings of one meaning");
                    different++;
                }
                catch (WireFormatException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > 500 && different > 500, $"{refused} refused, {different} different");
    }

    [Fact]
    public void Newer_format_is_refused_by_name()
    {
        foreach ((byte[] bytes, Func<byte[], byte[]> reencode) in Formats())
        {
            bytes[0] = 2;
            WireFormatException error = Assert.Throws<WireFormatException>(() => reencode(bytes));
            Assert.Contains("format 2 is not known to this version", error.Message);
        }
    }

    [Fact]
    public void Random_bytes_never_do_worse_than_being_refused()
    {
        Testing.Seed seed = Testing.Seed.Take(31);
        Random random = seed.CreateRandom();
        for (int round = 0; round < 4000; round++)
        {
            foreach ((byte[] bytes, Func<byte[], byte[]> reencode) in Formats())
            {
                for (int count = random.Next(1, 6); count > 0; count--)
                {
                    bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
                }

                try
                {
                    Assert.True(bytes.AsSpan().SequenceEqual(reencode(bytes)), $"round {round}; {seed}");
                }
                catch (WireFormatException)
                {
                    // The expected answer to most of them.
                }
            }
        }
    }

    private static IEnumerable<(byte[] Bytes, Func<byte[], byte[]> Reencode)> Formats()
    {
        yield return (Leaf(), ReencodeLeaf);
        yield return (Branch(), ReencodeBranch);
        yield return (Root(), ReencodeRoot);
    }

    private static byte[] ReencodeLeaf(byte[] bytes)
    {
        DirectoryNode node = DirectoryNode.Parse(bytes, 0, "leaf");
        return EncodeLeaf([.. Enumerable.Range(0, node.Count).Select(index => node.EntryOf(index, (ulong)index + 1, "leaf"))]);
    }

    private static byte[] ReencodeBranch(byte[] bytes)
    {
        DirectoryNode node = DirectoryNode.Parse(bytes, 3, "branch");
        var items = new WireWriter();
        for (int index = 0; index < node.Count; index++)
        {
            DirectoryNodeCodec.WriteBranchItem(items, node.NameOf(index), node.EntriesOf(index), node.ChildOf(index));
        }

        var writer = new WireWriter();
        DirectoryNodeCodec.Write(writer, 3, node.Count, items.Span);
        return writer.ToArray();
    }

    private static byte[] ReencodeRoot(byte[] bytes)
    {
        var writer = new WireWriter();
        SnapshotRootCodec.Write(writer, SnapshotRootCodec.Read(bytes, "root"));
        return writer.ToArray();
    }

    private static byte[] EncodeLeaf(SnapshotEntry[] entries)
    {
        var items = new WireWriter();
        var body = new WireWriter();
        foreach (SnapshotEntry entry in entries)
        {
            body.Clear();
            SnapshotEntryCodec.Write(body, entry);
            DirectoryNodeCodec.WriteLeafItem(items, entry.Name.Span, body.Span);
        }

        var writer = new WireWriter();
        DirectoryNodeCodec.Write(writer, 0, entries.Length, items.Span);
        return writer.ToArray();
    }

    /// <summary>One entry of each kind and form.</summary>
    private static byte[] Leaf()
    {
        ExtendedAttributes extended = ExtendedAttributes.None.With("user.empty"u8, []).With("user.colour"u8, "blue"u8);
        var manifest = new Manifest(Key(0x50), 1_000_000, 131072, 128, 1);
        var directory = new DirectoryManifest(Key(0x70), 1, 2, 300, new TreeTotals(500, 6, 70_000));
        return EncodeLeaf(
        [
            Entry("block", NodeKind.BlockDevice, ContentValue.Special(0x0801, default), null),
            Entry("char", NodeKind.CharacterDevice, ContentValue.Special(0x0103, default), null),
            Entry("directory", NodeKind.Directory, null, directory),
            Entry("empty", NodeKind.Directory, null, DirectoryManifest.Empty(1)),
            Entry("fifo", NodeKind.Fifo, ContentValue.Special(0, default), null),
            Entry("inline", NodeKind.File, ContentValue.Inline("hello"u8, default), null) with
            {
                Attributes = new AttributeValue(0xFFF, 1000, 100, default, extended),
            },
            Entry("large", NodeKind.File, ContentValue.Blob(manifest, default), null),
            Entry("link", NodeKind.Symlink, ContentValue.Symlink("../target"u8, default), null),
            Entry("socket", NodeKind.Socket, ContentValue.Special(0, default), null),
        ]);
    }

    private static byte[] Branch()
    {
        var items = new WireWriter();
        DirectoryNodeCodec.WriteBranchItem(items, "b"u8, 1, Key(1));
        DirectoryNodeCodec.WriteBranchItem(items, "name"u8, 300, Key(2));
        DirectoryNodeCodec.WriteBranchItem(items, [0xFF, 0xFE], 1UL << 40, Key(3));
        var writer = new WireWriter();
        DirectoryNodeCodec.Write(writer, 3, 3, items.Span);
        return writer.ToArray();
    }

    private static byte[] Root()
    {
        var root = new SnapshotRoot(
            new VolumeId(0x0123_4567_89AB_CDEF),
            new UnixTime(1_700_000_000, 1),
            new UnixTime(-1, 999_999_999),
            new AttributeValue(0x1ED, AttributeValue.Self, AttributeValue.Self, default, ExtendedAttributes.None.With("user.note"u8, "x"u8)),
            new DirectoryManifest(Key(9), 2, 1, 1_000_000, new TreeTotals(3_000_000, 20_000, 1UL << 45)));
        var writer = new WireWriter();
        SnapshotRootCodec.Write(writer, root);
        return writer.ToArray();
    }

    private static SnapshotEntry Entry(string name, NodeKind kind, ContentValue? content, DirectoryManifest? directory) => new()
    {
        Name = FileName.Parse(name),
        Node = new NodeId(new Version(77, new ReplicaId(0xABCD))),
        Kind = kind,
        ModifyTime = new UnixTime(1_600_000_000, 123_456_789),
        Attributes = ModelTree.Plain(0x1A4),
        Content = content,
        Directory = directory,
    };

    private static ChunkKey Key(byte first) => new([.. Enumerable.Range(first, ChunkKey.Size).Select(value => (byte)value)]);

    private static string Golden(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Snapshots", "Golden", name)).ReplaceLineEndings("");
}
