using System.Buffers;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.FileSystem.Tests.Snapshots;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Reachability;

public sealed class VolumeReachabilityTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_was_stored_and_is_still_used_is_reached_and_nothing_else()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("small", "inline");
        await a.WriteAsync("chunk", Text('c', 60_000));
        await a.WriteAsync("tree", Text('t', 400_000));
        a.MakeDirectory("dir");
        await a.WriteAsync("dir/nested", Text('n', 300_000));
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        await a.WriteAsync("tree", Text('u', 400_000));
        Assert.Equal(Errno.OK, a.Unlink("dir/nested"));

        Assert.Equal(await StoredAsync(world), await ReachedAsync(world, a));

        await a.WriteAsync("garbage", Text('g', 200_000));
        HashSet<ObjectId> withGarbage = await StoredAsync(world);
        Assert.Equal(Errno.OK, a.Unlink("garbage"));
        HashSet<ObjectId> reached = await ReachedAsync(world, a);
        Assert.True(reached.IsProperSubsetOf(withGarbage));
    }

    [Fact]
    public async Task Chunks_of_a_file_come_in_the_order_in_which_they_are_read()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("file", Text('f', 600_000, isVaried: true));
        List<ReachableChunk> walked = await WalkAsync(world, a, static chunk => chunk.Type == ChunkType.File);
        BlobSubtree root = BlobSubtree.Of(Assert.Single(a.Volume.ContentOf(a.Find("file"))));
        using IMemoryOwner<byte> pointers = await new ConvergentChunkStore(world.SharingKey, world.Objects).GetAsync(ChunkType.File, root.Level, root.Key, root.SizeBytesMax, Cancel);
        Assert.Equal([root.Key, .. root.Children(pointers.Memory).Select(static child => child.Key)], walked.Select(static chunk => chunk.Key));
    }

    [Fact]
    public async Task Conflict_siblings_are_reached_on_both_sides()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('o', 10_000));
        await b.PullAsync(a);
        await a.WriteAsync("file", Text('a', 300_000));
        await b.WriteAsync("file", Text('b', 300_000));
        await world.SettleAsync();

        HashSet<ObjectId> reached = await ReachedAsync(world, a);
        Assert.Equal(reached, await ReachedAsync(world, b));
        Assert.Equal(4 + 2, reached.Count); // 'a' and 'b': each a full chunk, which two slots name, a tail, and a pointer chunk
        Assert.Contains("/file (conflict)", await OriginsAsync(world, a));
    }

    [Fact]
    public async Task Content_of_open_files_is_reached_before_any_row_names_it()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        FuseHandle named = await a.OpenForWritingAsync("named");
        FuseHandle nameless = await a.OpenForWritingAsync("nameless");
        Assert.Equal(Errno.OK, a.Unlink("nameless"));
        await a.WriteAsync(named, Text('1', 3_000_000, isVaried: true));
        await a.WriteAsync(nameless, Text('2', 3_000_000, isVaried: true));
        HashSet<ObjectId> stored = await StoredAsync(world);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (int tick = 0; stored.Count == 0; tick++)
        {
            Assert.True(tick < 4000, "full chunks are not stored in the background");
            await timer.WaitForNextTickAsync(Cancel);
            await a.Volume.ListHeldContentAsync(Cancel); // waits for what is being stored
            stored = await StoredAsync(world);
        }

        Assert.Empty(stored.Except(await ReachedAsync(world, a)));

        await a.CloseAsync(named);
        await a.CloseAsync(nameless);
    }

    [Fact]
    public async Task Missing_pointer_chunk_is_reported_with_its_path_and_the_walk_goes_on()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        a.MakeDirectory("dir");
        await a.WriteAsync("dir/broken", Text('b', 300_000));
        await a.WriteAsync("whole", Text('w', 300_000));
        HashSet<ObjectId> all = await ReachedAsync(world, a);
        List<ReachableChunk> chunks = await WalkAsync(world, a, chunk => chunk.Origin.Describe() == "/dir/broken" && chunk.Level == 1);
        await world.Objects.DeleteAsync(IdOf(world, Assert.Single(chunks)), Cancel);

        ReachableChunk failed = Assert.Single(await WalkAsync(world, a, chunk => chunk.Failure is not null));

        Assert.IsType<ChunkNotFoundException>(failed.Failure);
        Assert.Equal("/dir/broken", failed.Origin.Describe());
        Assert.Equal(all.Count - 2, (await ReachedAsync(world, a)).Count);
    }

    [Fact]
    public async Task Damaged_directory_of_a_snapshot_is_reported_and_names_the_snapshot()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        a.MakeDirectory("dir");
        await a.WriteAsync("dir/file", Text('f', 300_000));
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        ReachableChunk directory = Assert.Single(await WalkAsync(world, a, chunk => chunk.Type == ChunkType.Directory && chunk.Origin.Describe() == "/.snap/monday/dir"));
        await world.Objects.PutAsync(IdOf(world, directory), new byte[100], Cancel);

        ReachableChunk failed = Assert.Single(await WalkAsync(world, a, chunk => chunk.Failure is not null));

        Assert.IsType<CorruptObjectException>(failed.Failure);
        Assert.Equal("/.snap/monday/dir", failed.Origin.Describe());
    }

    [Fact]
    public async Task What_snapshots_share_is_read_once()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        for (int directory = 0; directory < 20; directory++)
        {
            a.MakeDirectory($"d{directory}");
            await a.WriteAsync($"d{directory}/file", Text((char)('a' + directory), 300_000));
        }

        await a.Volume.TakeSnapshotAsync(FileName.Parse("s0"), Cancel);
        int first = await CountReadsAsync(world, a);
        for (int snapshot = 1; snapshot < 10; snapshot++)
        {
            await a.Volume.TakeSnapshotAsync(FileName.Parse($"s{snapshot}"), Cancel);
        }

        Assert.Equal(first + 9, await CountReadsAsync(world, a)); // the root chunks only
    }

    /// <summary>Forty-two levels of sharing would take 2^42 steps if anything were walked twice, whatever memory there is.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Tree_of_2_to_the_42_paths_is_walked_in_as_many_steps_as_it_has_chunks(int remembered)
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        var chunks = new CountingChunkStore(new ConvergentChunkStore(world.SharingKey, world.Objects));
        HeldContent crafted = await CraftAsync(chunks, levels: 6);
        using IMetadataSnapshot view = a.Metadata.Snapshot();
        var walk = new VolumeReachability(view, 1, [crafted], chunks) { RememberedMax = remembered };
        int steps = 0;
        await foreach (ReachableChunk chunk in walk.WalkAsync(Cancel)) steps++;

        Assert.Equal(6, chunks.Gets);
        Assert.Equal(6 + Manifest.DefaultFanout, steps);
    }

    /// <summary>A check lets what leads to damage be walked again, to name each path; there are too many of them here.</summary>
    [Fact]
    public async Task Tree_of_2_to_the_42_paths_to_a_missing_chunk_ends()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, _) = world;
        var chunks = new ConvergentChunkStore(world.SharingKey, world.Objects);
        HeldContent crafted = await CraftAsync(chunks, levels: 6);
        using IMetadataSnapshot view = a.Metadata.Snapshot();
        var walk = new VolumeReachability(view, 1, [crafted], chunks);
        long missing = 0;
        await foreach (ReachableChunk chunk in walk.WalkAsync(Cancel))
        {
            if (chunk.Level > 0) continue;
            walk.WalkAgain(chunk);
            missing++;
        }

        Assert.InRange(missing, Limits.WalksAgainMax, 128 * Limits.WalksAgainMax);
    }

    /// <summary>Each pointer chunk names the one below in all its slots.</summary>
    private static async Task<HeldContent> CraftAsync(IChunkStore chunks, byte levels)
    {
        ChunkKey key = await chunks.PutAsync(ChunkType.File, 0, new byte[] { 1, 2, 3 }, Cancel);
        for (byte level = 1; level <= levels; level++)
        {
            byte[] pointers = new byte[Manifest.DefaultFanout * ChunkKey.Size];
            for (int slot = 0; slot < Manifest.DefaultFanout; slot++) key.Span.CopyTo(pointers.AsSpan(slot * ChunkKey.Size));
            key = await chunks.PutAsync(ChunkType.File, level, pointers, Cancel);
        }

        return new HeldContent(InodeId.Root, new BlobSubtree(key, levels, Manifest.DefaultChunkSizeBytes, Manifest.DefaultFanout, 1));
    }

    private static async Task<int> CountReadsAsync(World world, Replica replica)
    {
        var counting = new CountingChunkStore(new ConvergentChunkStore(world.SharingKey, world.Objects));
        using IMetadataSnapshot view = replica.Metadata.Snapshot();
        await foreach (ReachableChunk chunk in new VolumeReachability(view, 1, [], counting).WalkAsync(Cancel)) Assert.Null(chunk.Failure);
        return counting.Gets;
    }

    private static async Task<HashSet<ObjectId>> StoredAsync(World world)
    {
        var ids = new HashSet<ObjectId>();
        await foreach (ObjectId id in world.Objects.ListAsync(Cancel)) ids.Add(id);
        return ids;
    }

    private static async Task<HashSet<ObjectId>> ReachedAsync(World world, Replica replica) =>
        [.. (await WalkAsync(world, replica, _ => true)).Select(chunk => IdOf(world, chunk))];

    private static async Task<HashSet<string>> OriginsAsync(World world, Replica replica)
    {
        var origins = new HashSet<string>();
        await WalkAsync(world, replica, chunk => origins.Add(chunk.Origin.Describe()));
        return origins;
    }

    private static async Task<List<ReachableChunk>> WalkAsync(World world, Replica replica, Func<ReachableChunk, bool> fits)
    {
        IReadOnlyList<HeldContent> held = await replica.Volume.ListHeldContentAsync(Cancel);
        using IMetadataSnapshot view = replica.Metadata.Snapshot();
        var reached = new List<ReachableChunk>();
        await foreach (ReachableChunk chunk in new VolumeReachability(view, 1, held, new ConvergentChunkStore(world.SharingKey, world.Objects)).WalkAsync(Cancel))
        {
            if (fits(chunk)) reached.Add(chunk with { Origin = new Told(chunk.Origin.Describe()) });
        }

        return reached;
    }

    private static ObjectId IdOf(World world, ReachableChunk chunk) => ObjectNaming.IdOf(world.SharingKey, chunk.Type, chunk.Level, chunk.Key);

    private static string Text(char letter, int length, bool isVaried = false) =>
        isVaried ? string.Concat(Enumerable.Range(0, length / 10).Select(number => $"{letter}{number,9}")) : new string(letter, length);

    /// <summary>What an origin said while the view was open.</summary>
    private sealed class Told(string text) : ContentOrigin
    {
        public override string Describe() => text;
    }
}
