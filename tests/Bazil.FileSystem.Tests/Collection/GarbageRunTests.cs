using System.Buffers;
using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Collection;

/// <summary>Collections of garbage in real volumes, several machines in one process.</summary>
public sealed partial class GarbageRunTests
{
    private const int ChunkBytes = 128 * 1024;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A failure prints its seed; <c>BAZIL_SEED</c> runs that one alone, <c>BAZIL_SEEDS</c> sets how many.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_that_anybody_refers_to_is_ever_lost(int replicas)
    {
        int first = Seed.Take(replicas * 1000).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        int count = isSingle ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? "60", CultureInfo.InvariantCulture);
        long deleted = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            await using World world = await World.CreateAsync(replicas, seed, hasOwnStores: true);
            if (seed % 2 == 0) world.Policy = world.Policy with { TrashDays = 0 }; // the trash keeps what it can
            var history = new CollectedHistory(world, world.Random);
            try
            {
                await history.RunAsync(80);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"BAZIL_SEED={seed} ({replicas} replicas)\n  {string.Join("\n  ", history.Trace)}", e);
            }

            deleted += history.DeletedCount;
        }

        Assert.True(isSingle || deleted > 0, "nothing was ever deleted");
    }

    [Fact]
    public async Task Deleted_files_and_snapshots_give_their_space_back()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("kept", Text('k', 300_000));
        await a.WriteAsync("deleted", Text('d', 300_000));
        await a.WriteAsync("overwritten", Text('o', 300_000));
        int kept = 3;
        await a.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel);
        Assert.Equal(Errno.OK, a.Unlink("deleted"));
        await a.WriteAsync("overwritten", "small now");
        int all = a.OwnObjects.Count;

        await CollectTwiceAsync(a);
        Assert.Equal(all, a.OwnObjects.Count);

        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("monday")));
        GarbageReport first = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Equal(all - kept, first.Sweep.Fossilised.Objects);
        Assert.True(first.Sweep.Fossilised.Bytes > 0);
        GarbageReport second = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Equal(all - kept, second.Sweep.Deleted.Objects);
        Assert.Empty(second.Blocked);
        Assert.Equal(kept, a.OwnObjects.Count);
        Assert.Equal(Text('k', 300_000), await a.ReadAsync("kept"));
    }

    [Fact]
    public async Task Member_that_has_not_been_heard_blocks_deletion_and_is_named()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('f', 300_000));
        await b.PullAsync(a);
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await a.CollectAsync(Pace.Full, Cancel);

        GarbageReport blocked = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Equal(0, blocked.Sweep.Deleted.Objects);
        Assert.Equal(3, blocked.Sweep.Waiting.Objects);
        Assert.Equal([b.Id], Assert.Single(blocked.Blocked).Agreement.Behind);
        Assert.Equal(Text('f', 300_000), await b.ReadAsync("file"));

        await b.PullAsync(a);
        await a.PullAsync(b);
        Assert.Equal(3, (await a.CollectAsync(Pace.Full, Cancel)).Sweep.Deleted.Objects);
    }

    [Fact]
    public async Task Removed_member_blocks_nothing()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('f', 300_000));
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await CollectTwiceAsync(a);
        Assert.Equal(3, a.OwnObjects.Count);

        a.Volume.RemoveMember(b.Id);

        Assert.Equal(3, (await a.CollectAsync(Pace.Full, Cancel)).Sweep.Deleted.Objects);
    }

    /// <summary>The counterexample of the model on the real thing: C's edit takes over a chunk that only A has, B deletes it unseen by A.</summary>
    [Fact]
    public async Task Edit_that_a_third_member_removed_before_it_was_seen_keeps_its_chunks()
    {
        await using World world = await World.CreateAsync(3, hasOwnStores: true);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("file", Text('x', ChunkBytes) + "tail");
        await c.PullAsync(a);
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await a.CollectAsync(Pace.Full, Cancel);
        FuseHandle handle = await c.OpenForWritingAsync("file", truncate: false);
        await c.Volume.WriteAsync(handle, ChunkBytes, Encoding.UTF8.GetBytes("edit"), Cancel);
        await c.CloseAsync(handle);
        await b.PullAsync(c);
        Assert.Equal(Errno.OK, b.Unlink("file"));
        await b.PullAsync(a);
        await c.PullAsync(a);
        await a.PullAsync(b);
        await a.PullAsync(c);

        await CollectTwiceAsync(a);

        Assert.False(a.Exists("file"));
        Assert.Equal(Text('x', ChunkBytes) + "edit", await c.ReadAsync("file"));
    }

    [Fact]
    public async Task File_that_is_open_at_a_member_keeps_what_it_is_derived_from()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('x', ChunkBytes) + "tail");
        await b.PullAsync(a);
        FuseHandle handle = await b.OpenForWritingAsync("file", truncate: false);
        await a.WriteAsync("file", Text('y', ChunkBytes) + "tail");
        for (int round = 0; round < 3; round++)
        {
            await b.PullAsync(a);
            await a.PullAsync(b);
            GarbageReport report = await a.CollectAsync(Pace.Full, Cancel);
            Assert.Equal(0, report.Sweep.Deleted.Objects);
        }

        await b.Volume.WriteAsync(handle, ChunkBytes, Encoding.UTF8.GetBytes("edit"), Cancel);
        await b.CloseAsync(handle);
        Assert.Equal(Text('x', ChunkBytes) + "edit", await b.ReadAsync("file"));
        await a.PullAsync(b);
        await CollectTwiceAsync(a);
        Assert.Equal(Text('x', ChunkBytes) + "edit", await b.ReadAsync("file"));
    }

    [Fact]
    public async Task Content_written_again_is_no_garbage_any_more()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("old", Text('x', 300_000));
        Assert.Equal(Errno.OK, a.Unlink("old"));
        await a.CollectAsync(Pace.Full, Cancel);
        await a.WriteAsync("new", Text('x', 300_000));

        GarbageReport report = await a.CollectAsync(Pace.Full, Cancel);

        Assert.Equal(0, report.Sweep.Deleted.Objects);
        Assert.Equal(Text('x', 300_000), await a.ReadAsync("new"));
    }

    [Fact]
    public async Task Pointer_chunk_that_cannot_be_read_deletes_nothing_and_names_the_file()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("garbage", Text('g', 10_000));
        Assert.Equal(Errno.OK, a.Unlink("garbage"));
        await a.CollectAsync(Pace.Full, Cancel);
        await a.WriteAsync("file", Text('x', 300_000));
        ObjectId pointers = IdOfRoot(world, a, "file");
        using IMemoryOwner<byte> content = (await a.OwnObjects.GetAsync(pointers, Cancel))!;
        await a.OwnObjects.DeleteAsync(pointers, Cancel);
        int left = a.OwnObjects.Count;

        GarbageReport refused = await a.CollectAsync(Pace.Full, Cancel);
        UnreadableContent unreadable = Assert.Single(refused.Unreadable);
        Assert.Equal(("world", "/file", null), (unreadable.Volume, unreadable.Path, unreadable.Member));
        Assert.Contains("not found", unreadable.Reason, StringComparison.Ordinal);
        Assert.Equal(left, a.OwnObjects.Count);

        await a.OwnObjects.PutAsync(pointers, content.Memory, Cancel);
        Assert.Equal(1, (await a.CollectAsync(Pace.Full, Cancel)).Sweep.Deleted.Objects);
    }

    /// <summary>Without its row nobody knows that B's edit came and went, so what A found unused before counts as found now.</summary>
    [Fact]
    public async Task What_pulls_bring_is_noted_up_to_a_bound_and_beyond_it_garbage_waits_one_more_collection()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("garbage", Text('g', 10_000));
        Assert.Equal(Errno.OK, a.Unlink("garbage"));
        await a.CollectAsync(Pace.Full, Cancel);
        var rows = new AdoptedRows(new VolumeTables(a.Metadata, 1), countMax: 3);
        for (byte number = 1; number <= 9; number++)
        {
            var batch = new MetadataBatch();
            Manifest inner = Manifest.Empty() with { Root = new ChunkKey([.. Enumerable.Repeat(number, ChunkKey.Size)]), SizeBytes = 1000 };
            rows.Add(batch, a.Store!.Generation, InodeId.Root, ContentValue.Blob(inner, default));
            a.Metadata.Commit(batch);
            Assert.Equal(number > 3, AdoptedRows.AreIncomplete(a.Metadata, 1));
        }

        Assert.Equal(4, CountAdopted(a));
        GarbageReport planned = await a.CollectAsync(Pace.Full, Cancel, isDryRun: true);
        Assert.Equal(["world"], planned.Restarted);
        GarbageReport waits = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Equal(["world"], waits.Restarted);
        Assert.Equal((0, 1), (waits.Sweep.Deleted.Objects, waits.Sweep.Waiting.Objects));

        GarbageReport last = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Empty(last.Restarted);
        Assert.Equal(1, last.Sweep.Deleted.Objects);
        Assert.Equal(0, CountAdopted(a));
    }

    [Fact]
    public async Task Everything_that_cannot_be_read_is_named_at_once()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("garbage", Text('g', 10_000));
        Assert.Equal(Errno.OK, a.Unlink("garbage"));
        await a.CollectAsync(Pace.Full, Cancel);
        foreach (string name in new[] { "x", "y", "z" })
        {
            await a.WriteAsync(name, Text(name[0], 300_000));
            if (name != "z") await a.OwnObjects.DeleteAsync(IdOfRoot(world, a, name), Cancel);
        }

        foreach (bool isDryRun in new[] { true, false })
        {
            GarbageReport refused = await a.CollectAsync(Pace.Full, Cancel, isDryRun);
            Assert.Equal(["/x", "/y"], refused.Unreadable.Select(content => content.Path).Order());
            Assert.Equal(0, refused.Sweep.Found.Objects);
        }

        Assert.Equal(Errno.OK, a.Unlink("x"));
        Assert.Equal(Errno.OK, a.Unlink("y"));
        GarbageReport goesOn = await a.CollectAsync(Pace.Full, Cancel);
        Assert.Empty(goesOn.Unreadable);
        Assert.Equal(1, goesOn.Sweep.Deleted.Objects);
    }

    /// <summary>What is not here has no pointer chunks here, but its data chunks may be here by another name.</summary>
    [Fact]
    public async Task Pointer_chunks_that_only_others_have_are_fetched()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('x', ChunkBytes) + "tail");
        await b.PullAsync(a);
        FuseHandle handle = await b.OpenForWritingAsync("file", truncate: false);
        await b.Volume.WriteAsync(handle, ChunkBytes, Encoding.UTF8.GetBytes("edit"), Cancel);
        await b.CloseAsync(handle);
        await a.PullAsync(b); // a has the rows of the edit, none of its new chunks, and the only copy of its first chunk
        await b.PullAsync(a);
        await a.PullAsync(b);

        await CollectTwiceAsync(a);

        Assert.Equal(Text('x', ChunkBytes) + "edit", await b.ReadAsync("file"));
    }

    [Fact]
    public async Task Dry_run_says_what_a_collection_then_does()
    {
        await using World world = await World.CreateAsync(1, hasOwnStores: true);
        Replica a = world.Replicas[0];
        await a.WriteAsync("file", Text('x', 300_000));
        Assert.Equal(Errno.OK, a.Unlink("file"));
        for (int round = 0; round < 3; round++)
        {
            GarbageReport planned = await a.CollectAsync(Pace.Full, Cancel, isDryRun: true);
            Assert.Equal(planned.Sweep, (await a.CollectAsync(Pace.Full, Cancel)).Sweep);
        }

        Assert.Equal(0, a.OwnObjects.Count);
    }

    /// <summary>The snapshot names content that only A has, and that no live tree refers to any more.</summary>
    [Fact]
    public async Task Snapshot_of_a_member_keeps_content_that_only_this_store_has()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('x', 300_000));
        await b.PullAsync(a);
        Assert.Equal(Errno.OK, await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel));
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await b.PullAsync(a);
        await a.PullAsync(b);

        await CollectTwiceAsync(a);
        await CollectTwiceAsync(b);
        await CollectTwiceAsync(a);
        Assert.Empty(await UnreadableAsync(world, b));

        Assert.Equal(Errno.OK, b.Volume.RemoveSnapshot(FileName.Parse("monday")));
        await CollectTwiceAsync(a);
        Assert.Equal(5, a.OwnObjects.Count); // the file, and what leads to it in the snapshot
        await a.PullAsync(b);
        await CollectTwiceAsync(a);
        Assert.Equal(0, a.OwnObjects.Count);
    }

    [Fact]
    public async Task Snapshot_of_a_member_that_is_only_heard_through_another_keeps_its_content()
    {
        await using World world = await World.CreateAsync(3, hasOwnStores: true);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("file", Text('x', 300_000));
        await b.PullAsync(a);
        await c.PullAsync(b);
        Assert.Equal(Errno.OK, await c.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel));
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await b.PullAsync(a);
        await c.PullAsync(b);
        await b.PullAsync(c);
        await a.PullAsync(b);

        await CollectTwiceAsync(a);

        Assert.Empty(a.Agreement().Behind);
        Assert.Empty(await UnreadableAsync(world, c));
    }

    [Fact]
    public async Task Snapshot_of_a_member_that_cannot_be_read_deletes_nothing_and_names_the_member()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('x', 300_000));
        await b.PullAsync(a);
        int before = b.OwnObjects.Count;
        Assert.Equal(Errno.OK, await b.Volume.TakeSnapshotAsync(FileName.Parse("monday"), Cancel));
        Assert.True(b.OwnObjects.Count > before);
        SnapshotKey root = b.Volume.FindSnapshot(FileName.Parse("monday"))!.Key;
        Assert.Equal(Errno.OK, a.Unlink("file"));
        await b.PullAsync(a);
        await a.PullAsync(b);
        await b.OwnObjects.DeleteAsync(ObjectNaming.IdOf(world.SharingKey, ChunkType.Snapshot, 0, root.Value), Cancel);

        await a.CollectAsync(Pace.Full, Cancel);
        GarbageReport refused = await a.CollectAsync(Pace.Full, Cancel);

        UnreadableContent unreadable = Assert.Single(refused.Unreadable);
        Assert.Equal(b.Id, unreadable.Member);
        Assert.Contains($"of member {b.Id}", unreadable.Path, StringComparison.Ordinal);
        Assert.Equal(3, a.OwnObjects.Count);
        a.Volume.RemoveMember(b.Id);
        await CollectTwiceAsync(a);
        Assert.Equal(0, a.OwnObjects.Count);
    }

    /// <summary>The copy is in no row yet, what it was copied from is gone, and A has the only copy of its chunks.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Instant_copy_of_replaced_content_keeps_its_chunks(bool isTwice)
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", Text('x', 300_000));
        await b.PullAsync(a);
        FuseHandle source = b.Volume.Open(b.Find("file"), new FuseOpenMode(0)).Value;
        FuseHandle copy = await b.OpenForWritingAsync("copy");
        Assert.Equal(300_000, (await b.Volume.CopyRangeAsync(RangeOf(source), RangeOf(copy), 300_000, Cancel)).Value);
        await b.CloseAsync(source);
        if (isTwice)
        {
            FuseHandle second = await b.OpenForWritingAsync("second");
            Assert.Equal(300_000, (await b.Volume.CopyRangeAsync(RangeOf(copy), RangeOf(second), 300_000, Cancel)).Value);
            Assert.Equal(Errno.OK, b.Unlink("copy"));
            await b.CloseAsync(copy);
            copy = second;
        }

        Assert.Equal(Errno.OK, a.Unlink("file"));
        await b.PullAsync(a);
        await a.PullAsync(b);
        await CollectTwiceAsync(a);
        await CollectTwiceAsync(a);
        Assert.Equal([b.Id], a.Agreement().Behind);

        await b.CloseAsync(copy);
        Assert.Equal(Text('x', 300_000), await b.ReadAsync(isTwice ? "second" : "copy"));
        await a.PullAsync(b);
        await CollectTwiceAsync(a);
        Assert.Equal(Text('x', 300_000), await b.ReadAsync(isTwice ? "second" : "copy"));
    }

    private static int CountAdopted(Replica replica)
    {
        using IMetadataCursor cursor = replica.Metadata.ScanPrefix([(byte)Table.Adopted]);
        int count = 0;
        while (cursor.MoveNext()) count++;
        return count;
    }

    private static FileRange RangeOf(FuseHandle handle) => new(default, handle, 0);

    private static async Task<List<string>> UnreadableAsync(World world, Replica replica)
    {
        var missing = new List<string>();
        var all = new MultiObjectStore(replica.OwnObjects, new OtherObjects(world, replica));
        using IMetadataSnapshot view = replica.Metadata.Snapshot();
        await foreach (ReachableChunk chunk in new VolumeReachability(view, 1, [], new ConvergentChunkStore(world.SharingKey, all)).WalkAsync(Cancel))
        {
            if (!await all.HasAsync(ObjectNaming.IdOf(world.SharingKey, chunk.Type, chunk.Level, chunk.Key), Cancel)) missing.Add(chunk.Origin.Describe());
        }

        return missing;
    }

    private static async Task CollectTwiceAsync(Replica replica)
    {
        Assert.Empty((await replica.CollectAsync(Pace.Full, Cancel)).Unreadable);
        Assert.Empty((await replica.CollectAsync(Pace.Full, Cancel)).Unreadable);
    }

    private static ObjectId IdOfRoot(World world, Replica replica, string path)
    {
        Manifest manifest = new VolumeTables(replica.Metadata, 1).ReadRecord(replica.Find(path), _ => Knowledge.Empty)!.ShownContent!.Value.Value.Manifest;
        return ObjectNaming.IdOf(world.SharingKey, ChunkType.File, 1, manifest.Root);
    }

    private static string Text(char letter, int length) => new(letter, length);
}
