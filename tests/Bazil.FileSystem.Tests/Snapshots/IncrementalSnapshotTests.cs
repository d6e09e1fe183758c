using System.Globalization;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>What a snapshot takes over from the one before, with real volumes.</summary>
public sealed class IncrementalSnapshotTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_histories_give_the_same_snapshot_as_listing_everything()
    {
        int rounds = int.TryParse(Environment.GetEnvironmentVariable("BAZIL_SNAPSHOT_ROUNDS"), CultureInfo.InvariantCulture, out int given) ? given : 30;
        Seed seed = Seed.Take(501);
        Random random = seed.CreateRandom();
        for (int round = 0; round < rounds; round++) await RunAsync(random, $"{seed}, round {round}");
    }

    [Fact]
    public async Task Only_changed_directories_are_listed()
    {
        await using World world = await World.CreateAsync(1, seed: 1);
        Replica a = world.Replicas[0];
        for (int directory = 0; directory < 100; directory++)
        {
            a.MakeDirectory($"d{directory}");
            for (int file = 0; file < 10; file++) await a.WriteAsync($"d{directory}/f{file}", $"{directory}.{file}");
        }

        Assert.Equal(101, await TakeAsync(a, "first"));
        Assert.Equal(0, await TakeAsync(a, "unchanged"));
        await a.WriteAsync("d7/f3", "new");
        Assert.Equal(2, await TakeAsync(a, "one change"));
        Assert.Equal(Errno.OK, a.Rename("d8", "d9/moved"));
        Assert.Equal(2, await TakeAsync(a, "a directory moved"));
        await a.RestartAsync();
        Assert.Equal(0, await TakeAsync(a, "unchanged after a restart"));
        Assert.Equal(Errno.OK, a.Chmod("d9/moved/f3", 0x180));
        Assert.Equal(3, await TakeAsync(a, "a mode deep down"));
        await AssertIsWholeAsync(a, "at the end");
    }

    [Fact]
    public async Task Only_changed_names_of_a_large_directory_are_looked_at()
    {
        await using World world = await World.CreateAsync(1, seed: 6);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        for (int file = 0; file < 500; file++) await a.WriteAsync($"d/f{file}", $"{file}");
        Assert.Equal(501, await LookAsync(a, "first"));
        await a.WriteAsync("d/f7", "new");
        Assert.Equal(Errno.OK, a.Rename("d/f8", "d/g8"));
        a.Unlink("d/f9");
        Assert.Equal(1 + 2, await LookAsync(a, "four names changed")); // the directory itself, and what is there of the names
        await a.RestartAsync();
        await a.WriteAsync("d/f10", "new");
        await a.RestartAsync();
        await a.WriteAsync("d/f11", "new");
        Assert.Equal(1 + 2, await LookAsync(a, "changed between restarts"));
        Assert.Equal(0, await LookAsync(a, "unchanged"));
        for (int file = 20; file < 60; file++) await a.WriteAsync($"d/f{file}", "new");
        Assert.Equal(1 + 499, await LookAsync(a, "too many to be remembered"));
        await AssertIsWholeAsync(a, "at the end");
    }

    [Fact]
    public async Task Names_changed_while_a_snapshot_is_written_are_looked_at_by_the_next()
    {
        await using World world = await World.CreateAsync(1, seed: 7);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        for (int file = 0; file < 100; file++) await a.WriteAsync($"d/f{file}", $"{file}");
        await TakeAsync(a, "first");
        FuseHandle open = await a.OpenForWritingAsync("d/f1");
        await a.WriteAsync(open, "open");
        Assert.Equal(1 + 1, await LookAsync(a, "while it is open"));
        await a.WriteAsync(open, "more");
        await a.CloseAsync(open);
        Assert.Equal(1 + 1, await LookAsync(a, "closed"));
        await AssertIsWholeAsync(a, "at the end");
    }

    [Fact]
    public async Task Reading_changes_nothing_for_the_next_snapshot()
    {
        await using World world = await World.CreateAsync(1, seed: 2);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "text");
        await TakeAsync(a, "first");
        world.Clock.Advance(TimeSpan.FromDays(2));
        await a.ReadAsync("d/f");
        Assert.Equal(0, await TakeAsync(a, "second"));
    }

    [Fact]
    public async Task Removing_the_newest_snapshot_lists_everything_again()
    {
        await using World world = await World.CreateAsync(1, seed: 3);
        Replica a = world.Replicas[0];
        for (int directory = 0; directory < 10; directory++) a.MakeDirectory($"d{directory}");
        await TakeAsync(a, "first");
        await TakeAsync(a, "second");
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("first")));
        Assert.Equal(0, await TakeAsync(a, "third"));
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("third")));
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("second")));
        Assert.Equal(11, await TakeAsync(a, "fourth"));
    }

    [Fact]
    public async Task An_unchanged_volume_can_be_skipped()
    {
        await using World world = await World.CreateAsync(1, seed: 4);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", "text");
        Assert.NotNull((await a.Volume.TakeSnapshotAsync(FileName.Parse("one"), SnapshotOrigin.Schedule, skipUnchanged: true, Cancel)).Taken);
        world.Clock.Advance(TimeSpan.FromHours(1));
        SnapshotOutcome second = await a.Volume.TakeSnapshotAsync(FileName.Parse("two"), SnapshotOrigin.Schedule, skipUnchanged: true, Cancel);
        Assert.Equal(new SnapshotOutcome(Errno.OK, null, 0, 0), second);
        Assert.Equal(Errno.OK, a.Chmod("f", 0x180));
        Assert.NotNull((await a.Volume.TakeSnapshotAsync(FileName.Parse("three"), SnapshotOrigin.Schedule, skipUnchanged: true, Cancel)).Taken);
        Assert.Equal(["one", "three"], a.Volume.ListSnapshots().Select(snapshot => snapshot.Name.ToString()));
    }

    /// <summary>The writer writes one file and then the other: a point in time never has the second ahead of the first.</summary>
    [Fact]
    public async Task A_snapshot_is_one_moment_of_all_open_files()
    {
        await using World world = await World.CreateAsync(1, seed: 5);
        Replica a = world.Replicas[0];
        FuseHandle first = await a.OpenForWritingAsync("first"), second = await a.OpenForWritingAsync("second");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var progress = new SemaphoreSlim(0);
        long written = 0;
        Task writer = Task.Run(
            async () =>
            {
                byte[] bytes = new byte[8192];
                for (long count = 1; !stop.IsCancellationRequested; count++)
                {
                    BitConverter.TryWriteBytes(bytes, count);
                    await a.Volume.WriteAsync(first, 0, bytes, CancellationToken.None);
                    await a.Volume.WriteAsync(second, 0, bytes, CancellationToken.None);
                    Interlocked.Exchange(ref written, count);
                    progress.Release();
                }
            },
            CancellationToken.None);
        for (int round = 0; round < 50; round++)
        {
            await progress.WaitAsync(Cancel);
            long before = Interlocked.Read(ref written);
            Snapshot snapshot = await a.Volume.FreezeAsync(Cancel);
            long one = await NumberAsync(a, snapshot, "first"), two = await NumberAsync(a, snapshot, "second");
            Assert.True(one == two || one == two + 1, $"first {one}, second {two}");
            Assert.True(two >= before, $"{two} after {before} were written");
        }

        await stop.CancelAsync();
        await writer;
        await a.CloseAsync(first);
        await a.CloseAsync(second);
    }

    private static async Task<long> NumberAsync(Replica replica, Snapshot snapshot, string name)
    {
        SnapshotEntry entry = (await snapshot.Root.LookupAsync(FileName.Parse(name), Cancel))!;
        if (entry.SizeBytes == 0) return 0;
        await using SnapshotContent content = SnapshotContent.Open(replica.Volume.Blobs, entry);
        byte[] number = new byte[8];
        await content.ReadAsync(0, number, Cancel);
        return BitConverter.ToInt64(number);
    }

    private static async Task<long> TakeAsync(Replica replica, string name)
    {
        SnapshotOutcome outcome = await replica.Volume.TakeSnapshotAsync(FileName.Parse(name), SnapshotOrigin.Person, skipUnchanged: false, Cancel);
        Assert.Equal(Errno.OK, outcome.Error);
        return outcome.ListedDirectories;
    }

    private static async Task<long> LookAsync(Replica replica, string name)
    {
        SnapshotOutcome outcome = await replica.Volume.TakeSnapshotAsync(FileName.Parse(name), SnapshotOrigin.Person, skipUnchanged: false, Cancel);
        Assert.Equal(Errno.OK, outcome.Error);
        return outcome.ListedNames;
    }

    private static async Task RunAsync(Random random, string seed)
    {
        await using World world = await World.CreateAsync(2, random.Next());
        (Replica a, Replica b) = world;
        var open = new Dictionary<string, FuseHandle>();
        if (random.Next(4) == 0) await FillAsync(a, random);
        for (int step = 0; step < 150; step++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(1));
            Replica replica = random.Next(5) == 0 ? b : a;
            switch (random.Next(22))
            {
                case 0 or 1:
                    if (await a.Volume.TakeSnapshotAsync(FileName.Parse($"s{step}"), Cancel) is var error and not Errno.OK) Assert.Fail($"{error}; {seed}");
                    await AssertIsWholeAsync(a, $"{seed}, step {step}");
                    break;
                case 2 when a.Volume.ListSnapshots() is { Count: > 0 } snapshots:
                    a.Volume.RemoveSnapshot(snapshots[random.Next(snapshots.Count)].Name);
                    break;
                case 3:
                    await a.PullAsync(b);
                    break;
                case 4:
                    await b.PullAsync(a);
                    break;
                case 5 when random.Next(3) == 0:
                    open.Clear();
                    a.PowerCut(random);
                    await AssertIsWholeAsync(a, $"{seed}, after a power cut in step {step}");
                    break;
                case 6 when open.Count > 0:
                    KeyValuePair<string, FuseHandle> closed = open.ElementAt(random.Next(open.Count));
                    open.Remove(closed.Key);
                    await a.CloseAsync(closed.Value);
                    break;
                case 7:
                    string path = RandomTree.RandomPath(random);
                    if (!open.ContainsKey(path) && a.Exists(path) && (a.Stat(path).Mode & FuseMode.TypeMask) == FuseMode.Regular)
                    {
                        open[path] = await a.OpenForWritingAsync(path);
                        await a.WriteAsync(open[path], $"open {step}");
                    }

                    break;
                default:
                    await RandomTree.ChangeAsync(replica, random, step);
                    break;
            }
        }

        Assert.Equal(Errno.OK, await a.Volume.TakeSnapshotAsync(FileName.Parse("last"), Cancel));
        await AssertIsWholeAsync(a, $"{seed}, at the end");
    }

    /// <summary>Makes directories large enough that changes in them are remembered by name.</summary>
    private static async Task FillAsync(Replica replica, Random random)
    {
        foreach (string directory in (string[])["a", "b", "b/c"])
        {
            replica.MakeDirectory(directory);
            for (int file = random.Next(250); file >= 0; file--) await replica.WriteAsync($"{directory}/file {file}", new string('x', random.Next(60)));
        }
    }

    /// <summary>The rows lead to the same snapshot as a walk of everything.</summary>
    private static async Task AssertIsWholeAsync(Replica replica, string where)
    {
        Snapshot quick = await replica.Volume.FreezeAsync(Cancel);
        using IMetadataSnapshot view = replica.Metadata.Snapshot();
        var store = new VolumeStore(replica.Metadata, 1, new SeededEntropy(new Random(0)), replica.Id);
        var unpublished = new Dictionary<InodeId, WorkingContent>();
        foreach (InodeId inode in store.Tables.ReadInodes(Table.Working))
        {
            byte[] row = replica.Metadata.Get(store.Tables.Key(new byte[MetadataKey.MaxSize], Table.Working).Add(inode).Bytes)!;
            unpublished[inode] = WorkingContent.Decode(row, inode);
        }

        var source = new LiveSnapshotSource(
            replica.Volume.Id, store.Freeze(view), quick.Description.Taken, unpublished, Volume.ShownAttributes, replica.Keys.Newest.Number);
        SnapshotKey full = await new SnapshotWriter(replica.Keys.Chunks).WriteAsync(new FullSource(source), Cancel);
        if (full == quick.Key) return;
        Assert.Fail($"the snapshot is not the tree: {where}");
    }
}
