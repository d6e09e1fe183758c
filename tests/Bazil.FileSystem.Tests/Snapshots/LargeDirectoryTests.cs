using System.Globalization;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Snapshots;

public sealed class LargeDirectoryTests : IDisposable
{
    private const int EntryCount = 100_000;

    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly SharingKey _sharingKey = new(new byte[SharingKey.Size]);
    private readonly MemoryObjectStore _objects = new("memory");
    private readonly CountingChunkStore _chunks;

    public LargeDirectoryTests() => _chunks = new CountingChunkStore(new ConvergentChunkStore(_sharingKey, _objects));

    public void Dispose() => _sharingKey.Dispose();

    [Fact]
    public async Task Lookup_in_a_hundred_thousand_entries_reads_a_few_chunks()
    {
        Seed seed = Seed.Take(21);
        Random random = seed.CreateRandom();
        SnapshotKey key = await new SnapshotWriter(_chunks).WriteAsync(Wide(EntryCount), Never);
        for (int round = 0; round < 100; round++)
        {
            int number = round switch { 0 => 0, 1 => EntryCount - 1, _ => random.Next(EntryCount) };
            Snapshot cold = await new SnapshotReader(_chunks).OpenAsync(key, Never);
            int before = _chunks.Gets;
            SnapshotEntry? found = await cold.Root.LookupAsync(Name(number), Never);
            Assert.True(found is not null && found.NextCookie == (ulong)number + 1, seed.ToString());
            Assert.True(_chunks.Gets - before <= 3, $"a cold lookup read {_chunks.Gets - before} chunks; {seed}");

            before = _chunks.Gets;
            Assert.Null(await cold.Root.LookupAsync(FileName.Parse($"{Name(number)}x"), Never));
            Assert.True(_chunks.Gets - before <= 1, $"a lookup nearby read {_chunks.Gets - before} chunks; {seed}");
        }
    }

    [Fact]
    public async Task Listing_goes_on_from_any_cookie_at_the_cost_of_a_lookup()
    {
        Seed seed = Seed.Take(22);
        Random random = seed.CreateRandom();
        SnapshotKey key = await new SnapshotWriter(_chunks).WriteAsync(Wide(EntryCount), Never);
        Snapshot snapshot = await new SnapshotReader(_chunks).OpenAsync(key, Never);
        ulong cookie = 0;
        int listed = 0;
        while (cookie < EntryCount)
        {
            int before = _chunks.Gets;
            int page = random.Next(1, 3000);
            await foreach (SnapshotEntry entry in snapshot.Root.ListAsync(cookie, Never))
            {
                Assert.True(entry.Name == Name(listed), $"{entry.Name} at {listed}; {seed}");
                Assert.True(entry.NextCookie == (ulong)++listed, seed.ToString());
                cookie = entry.NextCookie;
                if (--page == 0) break;
            }

            Assert.True(_chunks.Gets - before <= 3 + (3000 / 40), $"a page read {_chunks.Gets - before} chunks; {seed}");
        }

        Assert.Equal(EntryCount, listed);
        Assert.Empty(await CollectAsync(snapshot.Root, EntryCount));
        Assert.Empty(await CollectAsync(snapshot.Root, ulong.MaxValue));
        Assert.Equal([Name(EntryCount - 1).ToString()], await CollectAsync(snapshot.Root, EntryCount - 1));
    }

    [Fact]
    public async Task Change_in_a_large_directory_stores_only_the_nodes_on_its_path()
    {
        ModelTree tree = Wide(EntryCount);
        var writer = new SnapshotWriter(_chunks);
        await writer.WriteAsync(tree, Never);
        int whole = _objects.Count;

        await MustStoreAtMostAsync(4, "a changed entry", () => tree.AddFile(tree.Root, Name(54_321), ModelTree.Text("changed")));
        await MustStoreAtMostAsync(8, "a new entry in the middle", () => tree.AddFile(tree.Root, FileName.Parse($"{Name(54_321)}-copy"), ModelTree.Text("new")));
        await MustStoreAtMostAsync(8, "a new entry in front", () => tree.AddFile(tree.Root, FileName.Parse("!"), ModelTree.Text("new")));
        await MustStoreAtMostAsync(8, "a removed entry", () => tree.Entries(tree.Root).Remove(Name(12)));
        Assert.True(whole > 300, $"{whole} chunks are too few for this test to mean something");

        async Task MustStoreAtMostAsync(int limit, string what, Action change)
        {
            int before = _objects.Count;
            change();
            tree.Written.Clear();
            SnapshotKey key = await writer.WriteAsync(tree, Never);
            int stored = _objects.Count - before;
            Assert.True(stored <= limit, $"{what} stored {stored} objects");
            Snapshot snapshot = await new SnapshotReader(_chunks).OpenAsync(key, Never);
            Assert.Equal((ulong)tree.Entries(tree.Root).Count, snapshot.Root.Manifest.Entries);
        }
    }

    [Fact]
    public async Task Every_size_of_directory_is_read_back()
    {
        // Around the sizes at which a node is split and a level is added.
        ModelTree tree = Wide(0);
        var sizes = new HashSet<int>(Enumerable.Range(0, 3).Concat([60, 61, 62, 63, 64, 100, 150, 200, 201, 300, 1000, 1001, 20_000]));
        for (int size = 0; size <= sizes.Max(); size++)
        {
            if (sizes.Contains(size))
            {
                tree.Written.Clear();
                SnapshotKey key = await new SnapshotWriter(_chunks).WriteAsync(tree, Never);
                Snapshot snapshot = await new SnapshotReader(_chunks).OpenAsync(key, Never);
                await SnapshotComparison.MustEqualAsync(tree, snapshot, $"{size} entries");
                if (size <= 60) Assert.Equal(0, snapshot.Root.Manifest.Height);
            }

            Add(tree, size);
        }
    }

    [Fact]
    public async Task Chosen_names_cannot_make_nodes_large_or_tiny()
    {
        foreach (bool always in (bool[])[true, false])
        {
            ModelTree tree = Wide(0);
            int number = 0;
            while (tree.Entries(tree.Root).Count < 5000)
            {
                FileName name = Name(number++);
                bool isLikelyEnd = SplitRule.Hash(0, name.Span) >> 32 < uint.MaxValue / 16;
                if (isLikelyEnd == always) tree.AddFile(tree.Root, name, ModelTree.Text("x"));
            }

            var chunks = new CountingChunkStore(_chunks);
            SnapshotKey key = await new SnapshotWriter(chunks).WriteAsync(tree, Never);
            int[] sizes = [.. chunks.Chunks.Values.Where(chunk => chunk is { Type: ChunkType.Directory, Level: 0 }).Select(chunk => chunk.SizeBytes)];
            Assert.True(sizes.Max() < SnapshotLimits.SplitBytesMax + 1024, $"a node of {sizes.Max()} bytes");
            Assert.True(sizes.Average() >= SnapshotLimits.SplitBytesMin, $"nodes of {sizes.Average()} bytes");
            await SnapshotComparison.MustEqualAsync(tree, await new SnapshotReader(_chunks).OpenAsync(key, Never), $"chosen names, always {always}");
        }
    }

    private static FileName Name(int number) => FileName.Parse(string.Create(CultureInfo.InvariantCulture, $"image-{number:d8}.jpeg"));

    private static ModelTree Wide(int count)
    {
        var tree = new ModelTree();
        for (int number = 0; number < count; number++)
        {
            Add(tree, number);
        }

        return tree;
    }

    private static void Add(ModelTree tree, int number) => tree.AddFile(tree.Root, Name(number), ModelTree.Text($"content of {number}"));

    private static async Task<List<string>> CollectAsync(SnapshotDirectory directory, ulong cookie)
    {
        var names = new List<string>();
        await foreach (SnapshotEntry entry in directory.ListAsync(cookie, Never))
        {
            names.Add(entry.Name.ToString());
        }

        return names;
    }
}
