using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Snapshots;

/// <summary>Snapshots that other members keep, with real volumes.</summary>
public sealed class MemberSnapshotTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Snapshot_is_shown_and_readable_at_every_member_and_follows_its_name_until_it_is_removed()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "then");
        await TakeAsync(a, "monday");
        await a.WriteAsync("f", "now");
        await b.PullAsync(a);
        await c.PullAsync(b); // by hearsay
        Assert.Equal(["monday"], Names(c));
        ShownSnapshot shown = c.Volume.FindShownSnapshot(FileName.Parse("monday"))!;
        Assert.Equal(a.Id, shown.Member);
        Assert.Equal("then", await ReadAsync(c, shown, "f"));

        Assert.Equal(Errno.OK, a.Volume.RenameSnapshot(FileName.Parse("monday"), FileName.Parse("kept")));
        await b.PullAsync(a);
        Assert.Equal(["kept"], Names(b));
        Assert.Equal(Errno.OK, a.Volume.RemoveSnapshot(FileName.Parse("kept")));
        await b.PullAsync(a);
        await c.PullAsync(b);
        Assert.Empty(Names(b));
        Assert.Empty(Names(c));
    }

    [Fact]
    public async Task Twins_are_told_apart_by_who_took_them()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SettleAsync();
        await TakeAsync(a, "monday");
        await TakeAsync(b, "monday");
        await TakeAsync(b, "tuesday");
        await world.SettleAsync();
        Assert.Equal(["monday", $"monday@{b.Name}", "tuesday"], Names(a));
        Assert.Equal(["monday", $"monday@{a.Name}", "tuesday"], Names(b));
        Assert.Equal([.. new[] { $"monday@{a.Name}", $"monday@{b.Name}" }.Order(StringComparer.Ordinal), "tuesday"], Names(c));
        Assert.Null(a.Volume.FindShownSnapshot(FileName.Parse("monday"))!.Member);
        Assert.Equal(b.Id, a.Volume.FindShownSnapshot(FileName.Parse($"monday@{b.Name}"))!.Member);
    }

    [Fact]
    public async Task Snapshot_whose_name_is_taken_in_every_form_is_shown_by_its_key()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        string endless = new('n', 255);
        foreach (string name in (string[])["monday", $"monday@{b.Name}", endless]) await TakeAsync(a, name);
        await TakeAsync(b, "monday");
        await TakeAsync(b, endless);
        await a.PullAsync(b);
        string[] keys = [.. b.Volume.ListSnapshots().Select(static own => own.Key.ToString())];
        Assert.Equal(((string[])["monday", $"monday@{b.Name}", endless, .. keys]).Order(StringComparer.Ordinal), Names(a));
        Assert.Equal(b.Id, a.Volume.FindShownSnapshot(FileName.Parse(keys[0]))!.Member);
    }

    [Fact]
    public async Task Only_who_took_a_snapshot_may_rename_or_remove_it()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await TakeAsync(a, "monday");
        await b.PullAsync(a);
        Assert.Equal(Errno.EPERM, b.Volume.RemoveSnapshot(FileName.Parse("monday")));
        Assert.Equal(Errno.EPERM, b.Volume.RenameSnapshot(FileName.Parse("monday"), FileName.Parse("other")));
        Assert.Equal(Errno.ENOENT, b.Volume.RemoveSnapshot(FileName.Parse("sunday")));
        Assert.Equal(["monday"], Names(b));
    }

    [Fact]
    public async Task Members_are_told_of_each_change_to_the_list()
    {
        await using World world = await World.CreateAsync(1);
        Volume volume = world.Replicas[0].Volume;
        int told = 0;
        volume.RowsChanged += () => told++;
        foreach (Func<Task> change in (Func<Task>[])[
            () => TakeAsync(world.Replicas[0], "monday"),
            () => Task.FromResult(volume.RenameSnapshot(FileName.Parse("monday"), FileName.Parse("kept"))),
            () => Task.FromResult(volume.RemoveSnapshot(FileName.Parse("kept")))])
        {
            (var before, told) = (volume.Note(out _), 0);
            await change();
            Assert.NotEqual(before, volume.Note(out _));
            Assert.NotEqual(0, told);
        }
    }

    [Fact]
    public async Task What_a_removed_member_kept_is_not_shown()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await TakeAsync(b, "monday");
        await a.PullAsync(b);
        Assert.Equal(["monday"], Names(a));
        a.Volume.RemoveMember(b.Id);
        Assert.Empty(Names(a));
    }

    [Fact]
    public async Task List_of_an_earlier_version_shows_keys()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await TakeAsync(a, "monday");
        await b.PullAsync(a);
        SnapshotKey key = a.Volume.FindSnapshot(FileName.Parse("monday"))!.Key;
        var batch = new MetadataBatch();
        using (IMetadataCursor rows = b.Metadata.Scan([(byte)Table.MemberSnapshots], [(byte)Table.MemberSnapshots + 1]))
        {
            Assert.True(rows.MoveNext());
            batch.Put(rows.Key, (byte[])[.. rows.Value[1..9], 1, .. key.Value.Span]); // version, one key
            Assert.False(rows.MoveNext());
        }

        b.Metadata.Commit(batch);
        Assert.Equal([key.ToString()], Names(b));
        await b.PullAsync(a);
        Assert.Equal([key.ToString()], Names(b)); // this run has heard what there is to hear
        await b.RestartAsync();
        await b.PullAsync(a);
        Assert.Equal(["monday"], Names(b));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("")]
    public void Names_that_cannot_be_are_malformed(string name)
    {
        var writer = new WireWriter();
        writer.WriteUInt64(1);
        writer.WriteVariable(1);
        writer.WriteBytes(System.Text.Encoding.UTF8.GetBytes(name));
        writer.WriteBytes(new SnapshotReference(FileName.Parse("x"), default, default, 1).Encode());
        byte[] bytes = writer.ToArray();
        Assert.Throws<WireFormatException>(() =>
        {
            var reader = new WireReader(bytes, "test");
            MemberSnapshots.Read(ref reader);
        });
    }

    private static async Task TakeAsync(Replica replica, string name) => Assert.Equal(Errno.OK, await replica.Volume.TakeSnapshotAsync(FileName.Parse(name), Cancel));

    private static IEnumerable<string> Names(Replica replica) => replica.Volume.ListShownSnapshots().Select(static shown => shown.Name.ToString());

    private static async Task<string> ReadAsync(Replica replica, ShownSnapshot shown, string path)
    {
        Snapshot snapshot = await replica.Volume.OpenSnapshotAsync(shown.Reference.Key, Cancel);
        SnapshotEntry entry = (await snapshot.FindAsync([FileName.Parse(path)], Cancel))!;
        return System.Text.Encoding.UTF8.GetString(entry.Content!.Bytes.Span);
    }
}
