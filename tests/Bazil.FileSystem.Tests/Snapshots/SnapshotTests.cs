using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Snapshots;

public sealed class SnapshotTests : IDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly SharingKey _sharingKey = new(new byte[SharingKey.Size]);
    private readonly MemoryObjectStore _objects = new("memory");
    private readonly CountingChunkStore _chunks;
    private readonly SnapshotWriter _writer;
    private readonly SnapshotReader _reader;

    public SnapshotTests()
    {
        _chunks = new CountingChunkStore(new ConvergentChunkStore(_sharingKey, _objects));
        _writer = new SnapshotWriter(_chunks);
        _reader = new SnapshotReader(_chunks);
    }

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Empty_volume_is_one_chunk()
    {
        var tree = new ModelTree();
        SnapshotKey key = await _writer.WriteAsync(tree, Never);
        Assert.Equal(1, _chunks.Puts);
        await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(key, Never), "empty");
        Assert.Null(await (await _reader.OpenAsync(key, Never)).Root.LookupAsync(FileName.Parse("a"), Never));
    }

    [Fact]
    public async Task Random_trees_are_read_back_as_they_were()
    {
        int first = Seed.Take(1).Value;
        for (int seed = first; seed < first + 40; seed++)
        {
            var random = new Random(seed);
            ModelTree tree = ModelTree.Random(random, seed % 10 == 0 ? 2000 : random.Next(60));
            SnapshotKey key = await _writer.WriteAsync(tree, Never);
            await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(key, Never), new Seed(seed).ToString());
            Assert.Equal(0, tree.OpenListings);
            Assert.Equal(0, _chunks.Unsynced);
        }
    }

    [Fact]
    public async Task Names_of_all_bytes_keep_their_order()
    {
        var tree = new ModelTree();
        for (int value = 1; value < 256; value++)
        {
            if (value is '/' or '.') continue;
            tree.AddFile(tree.Root, FileName.Parse([(byte)value]), ModelTree.Text($"{value}"));
            tree.AddFile(tree.Root, FileName.Parse([(byte)value, 0xFF, 0xC0]), ModelTree.Text("not UTF-8"));
        }

        SnapshotKey key = await _writer.WriteAsync(tree, Never);
        await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(key, Never), "all bytes");
    }

    [Fact]
    public async Task Same_tree_has_the_same_key_on_every_machine()
    {
        Seed seed = Seed.Take(11);
        ModelTree tree = ModelTree.Random(seed.CreateRandom(), 500);
        SnapshotKey here = await _writer.WriteAsync(tree, Never);

        ModelTree twin = ModelTree.Random(seed.CreateRandom(), 500);
        using SharingKey otherKey = new([.. Enumerable.Repeat((byte)9, 32)]);
        SnapshotKey there = await new SnapshotWriter(new ConvergentChunkStore(otherKey, new MemoryObjectStore("other"))).WriteAsync(twin, Never);
        Assert.True(here == there, seed.ToString());
    }

    [Fact]
    public async Task Time_alone_changes_only_the_root()
    {
        Seed seed = Seed.Take(12);
        ModelTree tree = ModelTree.Random(seed.CreateRandom(), 800);
        SnapshotKey first = await _writer.WriteAsync(tree, Never);
        int before = _objects.Count;

        tree.Written.Clear();
        Assert.True(first == await _writer.WriteAsync(tree, Never), seed.ToString());
        Assert.True(before == _objects.Count, $"an unchanged tree stored {_objects.Count - before} objects; {seed}");

        tree.Written.Clear();
        tree.Taken = new Unix.UnixTime(1_800_000_000, 0);
        SnapshotKey second = await _writer.WriteAsync(tree, Never);
        Assert.True(first != second && before + 1 == _objects.Count, seed.ToString());
        await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(second, Never), seed.ToString());
    }

    [Fact]
    public async Task Unchanged_directory_is_reused_without_listing_it()
    {
        Seed seed = Seed.Take(13);
        ModelTree tree = ModelTree.Random(seed.CreateRandom(), 800);
        await _writer.WriteAsync(tree, Never);

        SnapshotSourceEntry[] directories = [.. tree.Entries(tree.Root).Values.Where(entry => entry.Kind == NodeKind.Directory)];
        foreach (SnapshotSourceEntry directory in directories)
        {
            tree.Unchanged.Add(directory.Directory, tree.Written[directory.Directory]);
        }

        tree.AddFile(tree.Root, FileName.Parse("new"), ModelTree.Text("new"));
        tree.Listed.Clear();
        tree.Written.Clear();
        SnapshotKey second = await _writer.WriteAsync(tree, Never);
        Assert.NotEmpty(directories);
        Assert.Equal([tree.Root], tree.Listed);
        await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(second, Never), seed.ToString());
    }

    [Fact]
    public async Task Deep_tree_needs_no_stack()
    {
        var tree = new ModelTree();
        InodeId at = tree.Root;
        for (int depth = 0; depth < 20_000; depth++)
        {
            at = tree.AddDirectory(at, FileName.Parse("d"));
        }

        Snapshot snapshot = await _reader.OpenAsync(await _writer.WriteAsync(tree, Never), Never);
        Assert.Equal(new TreeTotals(0, 20_000, 0), snapshot.Totals);
        FileName[] path = [.. Enumerable.Repeat(FileName.Parse("d"), 20_000)];
        SnapshotEntry? deepest = await snapshot.FindAsync(path, Never);
        Assert.Equal(0ul, deepest!.Directory!.Value.Entries);
        Assert.Null(await snapshot.FindAsync([.. path, FileName.Parse("d")], Never));
    }

    [Fact]
    public async Task Sizes_beyond_all_numbers_do_not_overflow_the_counts()
    {
        var tree = new ModelTree();
        for (int index = 0; index < 4; index++)
        {
            var manifest = new Storage.Blobs.Manifest(default, long.MaxValue, 4096, 128, 1);
            tree.AddFile(tree.Root, FileName.Parse($"sparse{index}"), ContentValue.Blob(manifest, default));
        }

        Snapshot snapshot = await _reader.OpenAsync(await _writer.WriteAsync(tree, Never), Never);
        Assert.Equal(new TreeTotals(4, 0, ulong.MaxValue), snapshot.Totals);
    }

    [Fact]
    public async Task Largest_entry_fits()
    {
        var tree = new ModelTree();
        ExtendedAttributes extended = ExtendedAttributes.None.With("user.a"u8, new byte[65536]).With("user.b"u8, new byte[65524]);
        AttributeValue attributes = ModelTree.Plain(0) with { Extended = extended };
        tree.RootAttributes = attributes;
        for (char last = 'a'; last < 'e'; last++)
        {
            tree.AddFile(tree.Root, FileName.Parse(new string('n', 254) + last), ContentValue.Inline(new byte[Limits.InlineBytesMax], default), attributes);
        }

        SnapshotKey key = await _writer.WriteAsync(tree, Never);
        await SnapshotComparison.MustEqualAsync(tree, await _reader.OpenAsync(key, Never), "largest entries");
    }

    [Fact]
    public async Task Unordered_source_is_a_bug_that_is_caught()
    {
        await Assert.ThrowsAsync<InvariantException>(async () => await _writer.WriteAsync(new UnorderedSource(), Never));
    }

    [Fact]
    public async Task What_could_not_be_read_back_is_not_written()
    {
        var manifest = new Storage.Blobs.Manifest(default, 1, 4096, 128, 0);
        SnapshotSourceEntry[] wrong =
        [
            Entry(NodeKind.File, null),
            Entry(NodeKind.File, ContentValue.Symlink("a"u8, default)),
            Entry(NodeKind.Symlink, ModelTree.Text("a")),
            Entry(NodeKind.Fifo, ModelTree.Text("a")),
            Entry(NodeKind.Members, ModelTree.Text("a")),
            Entry(NodeKind.File, ContentValue.Blob(manifest, default)),
            Entry(NodeKind.File, ContentValue.Blob(manifest with { KeyEpoch = 1, ChunkSizeBytes = 5000 }, default)),
            Entry(NodeKind.File, ContentValue.Inline(new byte[SnapshotLimits.InlineBytesMax + 1], default)),
            Entry(NodeKind.Symlink, ContentValue.Symlink(new byte[Limits.SymlinkBytesMax + 1], default)),
            Entry(NodeKind.File, ModelTree.Text("a")) with { Attributes = ModelTree.Plain(0x1000) },
            Entry(NodeKind.File, ModelTree.Text("a")) with { ModifyTime = new Unix.UnixTime(0, 1_000_000_000) },
        ];
        foreach (SnapshotSourceEntry entry in wrong)
        {
            var tree = new ModelTree();
            tree.Add(tree.Root, entry);
            await Assert.ThrowsAsync<InvariantException>(async () => await _writer.WriteAsync(tree, Never));
        }

        static SnapshotSourceEntry Entry(NodeKind kind, ContentValue? content) =>
            new(FileName.Parse("x"), NodeId.Root, kind, default, ModelTree.Plain(0), content, default);
    }

    [Fact]
    public async Task Cancelled_writer_closes_its_listings()
    {
        var tree = new ModelTree();
        InodeId directory = tree.AddDirectory(tree.Root, FileName.Parse("d"));
        tree.AddDirectory(directory, FileName.Parse("e"));
        using var cancel = new CancellationTokenSource();
        var source = new CancellingSource(tree, cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _writer.WriteAsync(source, cancel.Token));
        Assert.Equal(0, tree.OpenListings);
        Assert.Equal(0, _chunks.Syncs);
    }

    [Fact]
    public async Task Key_that_names_nothing_is_reported_as_not_found()
    {
        Assert.True(SnapshotKey.TryParse(new string('7', 64), out SnapshotKey key));
        await Assert.ThrowsAsync<ChunkNotFoundException>(async () => await _reader.OpenAsync(key, Never));
        Assert.False(SnapshotKey.TryParse(new string('0', 64), out _));
        await Assert.ThrowsAsync<WireFormatException>(async () => await _reader.OpenAsync(default, Never));
    }

    [Fact]
    public async Task Damaged_object_is_reported_as_corrupt()
    {
        var tree = new ModelTree();
        tree.AddFile(tree.Root, FileName.Parse("a"), ModelTree.Text("a"));
        SnapshotKey key = await _writer.WriteAsync(tree, Never);
        await foreach (ObjectId id in _objects.ListAsync(Never))
        {
            using System.Buffers.IMemoryOwner<byte>? sealedObject = await _objects.GetAsync(id, Never);
            byte[] bytes = sealedObject!.Memory.ToArray();
            bytes[^1] ^= 1;
            await _objects.DeleteAsync(id, Never);
            await _objects.PutAsync(id, bytes, Never);
        }

        await Assert.ThrowsAsync<CorruptObjectException>(async () => await _reader.OpenAsync(key, Never));
    }

    private sealed class UnorderedSource : ISnapshotSource
    {
        private readonly ModelTree _tree = new();

        public VolumeId Volume => _tree.Volume;

        public Unix.UnixTime Taken => default;

        public uint KeyEpoch => 1;

        public InodeId Root => _tree.Root;

        public AttributeValue RootAttributes => _tree.RootAttributes;

        public Unix.UnixTime RootModifyTime => default;

        public IEnumerable<SnapshotSourceEntry> List(InodeId directory)
        {
            foreach (string name in (string[])["b", "a"])
            {
                yield return new SnapshotSourceEntry(FileName.Parse(name), NodeId.Root, NodeKind.File, default, RootAttributes, ModelTree.Text(name), default);
            }
        }
    }

    private sealed class CancellingSource(ModelTree tree, CancellationTokenSource cancel) : ISnapshotSource
    {
        public VolumeId Volume => tree.Volume;

        public Unix.UnixTime Taken => default;

        public uint KeyEpoch => 1;

        public InodeId Root => tree.Root;

        public AttributeValue RootAttributes => tree.RootAttributes;

        public Unix.UnixTime RootModifyTime => default;

        public IEnumerable<SnapshotSourceEntry> List(InodeId directory)
        {
            if (directory != Root) cancel.Cancel();
            return tree.List(directory);
        }
    }
}
