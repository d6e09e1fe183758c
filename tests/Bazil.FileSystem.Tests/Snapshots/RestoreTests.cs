using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Snapshots.History;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

public sealed class RestoreTests
{
    private static readonly FileName Kept = FileName.Parse("kept");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Random_trees_come_back_as_they_were()
    {
        Seed seed = Seed.Take(503);
        Random random = seed.CreateRandom();
        for (int round = 0; round < 40; round++)
        {
            await using World world = await World.CreateAsync(1, random.Next());
            Replica a = world.Replicas[0];
            for (int step = 0; step < 80; step++) await RandomTree.ChangeAsync(a, random, step);
            SnapshotReference taken = await TakeAsync(a, "s");
            Snapshot snapshot = await a.Volume.OpenSnapshotAsync(taken.Key, Cancel);
            SortedDictionary<string, SnapshotEntry> wanted = await RandomTree.ReadAsync(snapshot, Cancel);
            for (int step = random.Next(60); step > 0; step--) await RandomTree.ChangeAsync(a, random, 100 + step);

            Assert.Equal(RestoreResult.Done, (await a.Volume.RestoreAsync(taken, [], Path("restored"), Cancel)).Result);
            SortedDictionary<string, SnapshotEntry> all = await RandomTree.ReadAsync(await a.Volume.FreezeAsync(Cancel), Cancel);
            MustEqual(wanted, all.Where(static e => e.Key.StartsWith("restored/", StringComparison.Ordinal)).Select(static e => KeyValuePair.Create(e.Key["restored/".Length..], e.Value)), $"{seed}, round {round}");

            RestoreOutcome outcome = await a.Volume.RestoreInPlaceAsync(taken, [], Kept, Cancel);
            Assert.Equal(RestoreResult.Done, outcome.Result);
            Assert.Empty(outcome.InUse!);
            Snapshot present = await a.Volume.FreezeAsync(Cancel);
            MustEqual(wanted, await RandomTree.ReadAsync(present, Cancel), $"{seed}, round {round}, in place");
            Assert.Equal(snapshot.Description.ModifyTime, present.Description.ModifyTime);
            MustEqual(all, await RandomTree.ReadAsync(await a.Volume.OpenSnapshotAsync(a.Volume.FindSnapshot(Kept)!.Key, Cancel), Cancel), $"{seed}, round {round}, kept");
        }
    }

    [Fact]
    public async Task A_restored_file_stores_nothing_and_keeps_its_times()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", new string('x', 300_000));
        FuseAttributes before = a.Stat("f");
        SnapshotReference taken = await TakeAsync(a, "s");
        a.Unlink("f");
        int objects = await CountObjectsAsync(world);
        Assert.Equal(RestoreResult.Done, (await a.Volume.RestoreAsync(taken, Path("f"), Path("g"), Cancel)).Result);
        Assert.Equal(objects, await CountObjectsAsync(world));
        Assert.Equal(new string('x', 300_000), await a.ReadAsync("g"));
        Assert.Equal(before.ModificationTime, a.Stat("g").ModificationTime);
        Assert.Equal(before.Mode, a.Stat("g").Mode);
    }

    [Fact]
    public async Task Hard_links_come_back_as_links()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/one", "text");
        a.Link("d/one", "d/two");
        SnapshotReference taken = await TakeAsync(a, "s");
        Assert.Equal(RestoreResult.Done, (await a.Volume.RestoreAsync(taken, Path("d"), Path("e"), Cancel)).Result);
        Assert.Equal(a.Find("e/one"), a.Find("e/two"));
        Assert.Equal(2u, a.Stat("e/one").LinkCount);
        Assert.NotEqual(a.Find("d/one"), a.Find("e/one"));
    }

    [Fact]
    public async Task A_file_restored_in_place_stays_the_same_file_for_its_readers()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", "before");
        SnapshotReference taken = await TakeAsync(a, "s");
        await a.WriteAsync("f", "after!");
        InodeId inode = a.Find("f");
        FuseHandle reader = a.Volume.Open(inode, new FuseOpenMode(0)).Value;
        RestoreOutcome outcome = await a.Volume.RestoreInPlaceAsync(taken, Path("f"), Kept, Cancel);
        Assert.Equal(Kept, outcome.Kept);
        Assert.Equal(inode, a.Find("f"));
        byte[] buffer = new byte[16];
        await a.Volume.ReadAsync(reader, 0, buffer, Cancel);
        Assert.Equal("before", Encoding.UTF8.GetString(buffer).TrimEnd('\0'));
        await a.Volume.ReleaseAsync(reader);
    }

    [Fact]
    public async Task A_file_that_is_being_written_is_left_alone()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", "before");
        SnapshotReference taken = await TakeAsync(a, "s");
        FuseHandle writer = await a.OpenForWritingAsync("f");
        await a.WriteAsync(writer, "being written");
        RestoreOutcome outcome = await a.Volume.RestoreInPlaceAsync(taken, Path("f"), Kept, Cancel);
        Assert.Equal(["f"], outcome.InUse!);
        await a.CloseAsync(writer);
        Assert.Equal("being written", await a.ReadAsync("f"));
    }

    [Fact]
    public async Task What_a_program_is_writing_where_nothing_was_is_not_removed()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/old", "1");
        SnapshotReference taken = await TakeAsync(a, "s");
        a.MakeDirectory("d/sub");
        await a.WriteAsync("d/sub/new", "2");
        await a.WriteAsync("d/gone", "3");
        FuseHandle writer = await a.OpenForWritingAsync("d/sub/new");
        await a.WriteAsync(writer, "being written");
        RestoreOutcome outcome = await a.Volume.RestoreInPlaceAsync(taken, Path("d"), Kept, Cancel);
        Assert.Equal(RestoreResult.Done, outcome.Result);
        Assert.Equal(["d/sub/new", "d/sub"], outcome.InUse!);
        await a.CloseAsync(writer);
        Assert.Equal("being written", await a.ReadAsync("d/sub/new"));
        Assert.False(a.Exists("d/gone"));
    }

    [Fact]
    public async Task A_directory_that_cannot_make_room_for_a_file_does_not_end_the_restore()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("a", "file");
        await a.WriteAsync("b", "before");
        SnapshotReference taken = await TakeAsync(a, "s");
        a.Unlink("a");
        a.MakeDirectory("a");
        await a.WriteAsync("a/new", "2");
        await a.WriteAsync("b", "after");
        FuseHandle writer = await a.OpenForWritingAsync("a/new");
        await a.WriteAsync(writer, "being written");
        RestoreOutcome outcome = await a.Volume.RestoreInPlaceAsync(taken, [], Kept, Cancel);
        Assert.Equal(RestoreResult.Done, outcome.Result);
        Assert.Equal(["a/new", "a"], outcome.InUse!);
        Assert.Equal("before", await a.ReadAsync("b"));
        await a.CloseAsync(writer);
        Assert.Equal("being written", await a.ReadAsync("a/new"));
    }

    [Fact]
    public async Task A_snapshot_of_the_schedule_is_no_place_to_keep_what_a_restore_replaces()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", "before");
        SnapshotReference taken = await TakeAsync(a, "s");
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        await a.WriteAsync("f", "after");
        Assert.NotNull((await a.Volume.TakeSnapshotAsync(FileName.Parse("hourly"), SnapshotOrigin.Schedule, skipUnchanged: true, Cancel)).Taken);
        Assert.Equal(Kept, (await a.Volume.RestoreInPlaceAsync(taken, Path("f"), Kept, Cancel)).Kept);
        Assert.Equal("before", await a.ReadAsync("f"));
    }

    [Fact]
    public async Task What_cannot_be_restored_is_told_and_changes_nothing()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        await a.WriteAsync("f", "text");
        SnapshotReference taken = await TakeAsync(a, "s");
        string before = World.Describe(a.Tree());
        Assert.Equal(RestoreResult.NotInSnapshot, (await a.Volume.RestoreAsync(taken, Path("none"), Path("g"), Cancel)).Result);
        Assert.Equal(RestoreResult.NotInSnapshot, (await a.Volume.RestoreAsync(taken, Path("f/below"), Path("g"), Cancel)).Result);
        Assert.Equal(RestoreResult.TargetExists, (await a.Volume.RestoreAsync(taken, Path("f"), Path("f"), Cancel)).Result);
        Assert.Equal(RestoreResult.NoParent, (await a.Volume.RestoreAsync(taken, Path("f"), Path("none/f"), Cancel)).Result);
        Assert.Equal(RestoreResult.NoParent, (await a.Volume.RestoreAsync(taken, Path("f"), Path("f/f"), Cancel)).Result);
        Assert.Equal(RestoreResult.BadName, (await a.Volume.RestoreAsync(taken, Path("f"), Path(".snap/f"), Cancel)).Result);
        Assert.Equal(before, World.Describe(a.Tree()));
    }

    [Fact]
    public async Task History_follows_names_and_files_that_were_saved_anew()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/first name", "1");
        await TakeAsync(a, "s1");
        await TakeAsync(a, "s2");
        a.Rename("d", "e");
        await a.WriteAsync("e/first name", "two");
        await TakeAsync(a, "s3");
        a.Rename("e/first name", "f");
        await TakeAsync(a, "s4");
        await a.WriteAsync("f.tmp", "three");
        a.Rename("f.tmp", "f");
        await TakeAsync(a, "s5");
        IReadOnlyList<FileVersion> versions = await FileHistory.FindAsync(await a.Volume.FreezeAsync(Cancel), await OpenAllAsync(a), Path("f"), Cancel);
        Assert.Equal(
            ["f s5 1 5 present", "f s4 1 3", "e/first name s3 1 3", "d/first name s2 2 1"],
            versions.Select(static v => $"{v.Path} {v.Newest?.Name} {v.Snapshots} {v.Entry.SizeBytes}{(v.IsPresent ? " present" : "")}"));
        Assert.Empty(await FileHistory.FindAsync(await a.Volume.FreezeAsync(Cancel), await OpenAllAsync(a), Path("never"), Cancel));
    }

    [Fact]
    public async Task What_was_deleted_is_found_in_the_newest_snapshot_that_has_it()
    {
        await using World world = await World.CreateAsync(1);
        Replica a = world.Replicas[0];
        a.MakeDirectory("d");
        await a.WriteAsync("d/one", "1");
        await a.WriteAsync("d/stays", "1");
        await TakeAsync(a, "s1");
        await a.WriteAsync("d/one", "2");
        await a.WriteAsync("d/two", "2");
        await TakeAsync(a, "s2");
        a.Unlink("d/one");
        a.Unlink("d/two");
        await TakeAsync(a, "s3");
        Snapshot present = await a.Volume.FreezeAsync(Cancel);
        Assert.Equal("s2", (await LostNames.FindAsync(await OpenAllAsync(a), Path("d/one"), Cancel))!.Snapshot.Name.ToString());
        IReadOnlyList<LostName> lost = (await LostNames.ListAsync(present, await OpenAllAsync(a), Path("d"), Cancel))!;
        Assert.Equal(["one s2", "two s2"], lost.Select(static name => $"{name.Entry.Name} {name.Snapshot.Name}"));
        Assert.Null(await LostNames.ListAsync(present, await OpenAllAsync(a), Path("never"), Cancel));
    }

    private static async Task<SnapshotReference> TakeAsync(Replica replica, string name)
    {
        SnapshotOutcome outcome = await replica.Volume.TakeSnapshotAsync(FileName.Parse(name), SnapshotOrigin.Person, skipUnchanged: false, Cancel);
        Assert.Equal(Errno.OK, outcome.Error);
        return outcome.Taken!;
    }

    private static async Task<List<(SnapshotReference Reference, Snapshot Snapshot)>> OpenAllAsync(Replica replica)
    {
        var opened = new List<(SnapshotReference, Snapshot)>();
        foreach (SnapshotReference reference in replica.Volume.ListSnapshots().OrderByDescending(static s => s.Taken)) opened.Add((reference, await replica.Volume.OpenSnapshotAsync(reference.Key, Cancel)));
        return opened;
    }

    private static async Task<int> CountObjectsAsync(World world)
    {
        int count = 0;
        await foreach (ObjectId _ in world.Objects.ListAsync(Cancel)) count++;
        return count;
    }

    private static FileName[] Path(string path) => [.. path.Split('/').Select(static name => FileName.Parse(name))];

    private static void MustEqual(IEnumerable<KeyValuePair<string, SnapshotEntry>> wanted, IEnumerable<KeyValuePair<string, SnapshotEntry>> found, string context)
    {
        string left = string.Join('\n', wanted.Select(static e => $"{e.Key} {RandomTree.Describe(e.Value)}")), right = string.Join('\n', found.Select(static e => $"{e.Key} {RandomTree.Describe(e.Value)}"));
        if (left != right) Assert.Fail($"{context}\nwanted\n{left}\nfound\n{right}");
    }
}
