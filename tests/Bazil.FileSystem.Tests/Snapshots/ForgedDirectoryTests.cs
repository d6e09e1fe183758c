using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>Directories made by someone who can forge chunks: nothing is believed, nothing loops, the snapshot is named.</summary>
public class ForgedDirectoryTests
{
    private static readonly CancellationToken Never = CancellationToken.None;
    private static readonly ChunkKey RootKey = Key(100);

    private readonly ForgedChunkStore _chunks = new();

    [Fact]
    public async Task Honest_branch_is_read()
    {
        SnapshotDirectory directory = await ForgeAsync(4, Branch(("b", 2, 1), ("d", 2, 2)));
        Assert.Equal(["a", "b", "c", "d"], await ListAsync(directory));
    }

    [Theory]
    [InlineData("b", 2, 1, "d", 1, 2, 3)]
    [InlineData("b", 3, 1, "d", 2, 2, 5)]
    [InlineData("b", 2, 1, "d", 2, 2, 5)]
    [InlineData("b", 2, 1, "e", 2, 2, 4)]
    [InlineData("c", 2, 1, "d", 2, 2, 4)]
    [InlineData("b", 2, 1, "c", 2, 1, 4)]
    [InlineData("b", 2, 2, "d", 2, 1, 4)]
    public async Task Branch_that_lies_about_its_children_is_refused(string name, uint entries, byte key, string nextName, uint nextEntries, byte nextKey, ulong claimed)
    {
        SnapshotDirectory directory = await ForgeAsync(claimed, Branch((name, entries, key), (nextName, nextEntries, nextKey)));
        WireFormatException error = await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
        Assert.Contains(SnapshotOf(1).ToString(), error.Message);
    }

    [Fact]
    public async Task Child_that_begins_inside_its_neighbour_is_refused()
    {
        // The second child holds c and d, and the first one claims to end at c.
        _chunks.Set(Key(3), Leaf("a", "c"));
        SnapshotDirectory directory = await ForgeAsync(4, Branch(("c", 2, 3), ("d", 2, 2)));
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
        await Assert.ThrowsAsync<WireFormatException>(async () => await directory.LookupAsync(FileName.Parse("d"), Never));
    }

    [Fact]
    public async Task Leaf_in_the_place_of_a_branch_is_refused_also_from_the_cache()
    {
        SnapshotDirectory directory = await ForgeAsync(4, Branch(("b", 2, 1), ("d", 2, 2)));
        await ListAsync(directory);
        var entry = new SnapshotEntry
        {
            Name = FileName.Parse("x"),
            Node = NodeId.Root,
            Kind = NodeKind.Directory,
            ModifyTime = default,
            Attributes = ModelTree.Plain(0),
            Directory = new DirectoryManifest(Key(1), 1, 1, 2, default),
        };
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory.Open(entry)));
    }

    [Fact]
    public async Task Branch_that_points_at_itself_ends()
    {
        _chunks.Set(Key(7), Branch(("d", 4, 7)));
        SnapshotDirectory directory = await ForgeAsync(4, Branch(("d", 4, 7)));
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("b", "a")]
    [InlineData("", "a")]
    [InlineData("a/b", "b")]
    [InlineData(".", "a")]
    [InlineData("..", "a")]
    [InlineData("a\0", "b")]
    public async Task Leaf_with_names_that_cannot_be_is_refused(string first, string second)
    {
        _chunks.Set(Key(1), Leaf(first, second));
        SnapshotDirectory directory = await ForgeAsync(4, Branch((second, 2, 1), ("d", 2, 2)));
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
    }

    [Fact]
    public async Task Claimed_count_allocates_nothing()
    {
        byte[] many = [1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0xED];
        _chunks.Set(Key(1), many);
        SnapshotDirectory directory = await ForgeAsync(long.MaxValue, Branch(("b", long.MaxValue - 2, 1), ("d", 2, 2)));
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
    }

    [Fact]
    public async Task Counts_that_overflow_are_refused()
    {
        SnapshotDirectory directory = await ForgeAsync(2, Branch(("b", long.MaxValue, 1), ("d", long.MaxValue, 2), ("e", 4, 3)));
        await Assert.ThrowsAsync<WireFormatException>(async () => await ListAsync(directory));
    }

    [Fact]
    public async Task Random_damage_anywhere_is_an_error_or_another_tree()
    {
        Testing.Seed seed = Testing.Seed.Take(41);
        Random random = seed.CreateRandom();
        for (int round = 0; round < 150; round++)
        {
            var chunks = new ForgedChunkStore();
            ModelTree tree = ModelTree.Random(random, 60);
            SnapshotKey key = await new SnapshotWriter(chunks).WriteAsync(tree, Never);
            chunks.Damage(random);
            try
            {
                Snapshot snapshot = await new SnapshotReader(chunks).OpenAsync(key, Never);
                await WalkAsync(snapshot.Root, 0);
            }
            catch (Exception error)
            {
                bool isExpected = error is WireFormatException or Storage.Cas.ChunkNotFoundException;
                Assert.True(isExpected, $"round {round}: {error}; {seed}");
            }
        }
    }

    private static async Task WalkAsync(SnapshotDirectory directory, int depth)
    {
        Assert.True(depth < 100);
        await foreach (SnapshotEntry entry in directory.ListAsync(0, Never))
        {
            if (entry.IsDirectory) await WalkAsync(directory.Open(entry), depth + 1);
        }
    }

    private async Task<SnapshotDirectory> ForgeAsync(ulong entries, byte[] rootNode)
    {
        if (!await HasAsync(Key(1))) _chunks.Set(Key(1), Leaf("a", "b"));
        if (!await HasAsync(Key(2))) _chunks.Set(Key(2), Leaf("c", "d"));
        _chunks.Set(RootKey, rootNode);
        var root = new SnapshotRoot(new VolumeId(1), default, default, ModelTree.Plain(0), new DirectoryManifest(RootKey, 1, 1, entries, default));
        var writer = new WireWriter();
        SnapshotRootCodec.Write(writer, root);
        _chunks.Set(SnapshotOf(1).Value, writer.ToArray());
        return (await new SnapshotReader(_chunks).OpenAsync(SnapshotOf(1), Never)).Root;
    }

    private async Task<bool> HasAsync(ChunkKey key)
    {
        try
        {
            (await _chunks.GetAsync(Storage.Cas.ChunkType.Directory, 0, key, 1, Never)).Dispose();
            return true;
        }
        catch (Storage.Cas.ChunkNotFoundException)
        {
            return false;
        }
    }

    private static async Task<List<string>> ListAsync(SnapshotDirectory directory)
    {
        var names = new List<string>();
        await foreach (SnapshotEntry entry in directory.ListAsync(0, Never))
        {
            names.Add(entry.Name.ToString());
        }

        return names;
    }

    private static byte[] Branch(params (string LastName, ulong Entries, byte Child)[] children)
    {
        var items = new WireWriter();
        foreach ((string lastName, ulong entries, byte child) in children)
        {
            DirectoryNodeCodec.WriteBranchItem(items, System.Text.Encoding.UTF8.GetBytes(lastName), entries, Key(child));
        }

        var writer = new WireWriter();
        DirectoryNodeCodec.Write(writer, 1, children.Length, items.Span);
        return writer.ToArray();
    }

    private static byte[] Leaf(params string[] names)
    {
        var items = new WireWriter();
        var body = new WireWriter();
        foreach (string name in names)
        {
            body.Clear();
            SnapshotEntryCodec.Write(body, new SnapshotEntry
            {
                Name = FileName.Parse("any"),
                Node = NodeId.Root,
                Kind = NodeKind.File,
                ModifyTime = default,
                Attributes = ModelTree.Plain(0),
                Content = ModelTree.Text(name),
            });
            DirectoryNodeCodec.WriteLeafItem(items, System.Text.Encoding.UTF8.GetBytes(name), body.Span);
        }

        var writer = new WireWriter();
        DirectoryNodeCodec.Write(writer, 0, names.Length, items.Span);
        return writer.ToArray();
    }

    private static SnapshotKey SnapshotOf(byte first) => new(Key((byte)(first + 200)));

    private static ChunkKey Key(byte value)
    {
        byte[] bytes = new byte[ChunkKey.Size];
        bytes.AsSpan().Fill(value);
        return new ChunkKey(bytes);
    }
}
