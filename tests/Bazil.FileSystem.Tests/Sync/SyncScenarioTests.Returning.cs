using Bazil.Core;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

// Machines that come back from a backup, or that are added again, after others have purged or replaced what they have.
public sealed partial class SyncScenarioTests
{
    private const int RowsOfAnEmptyVolume = 2;

    [Fact]
    public async Task Replaced_name_of_a_lost_history_does_not_come_back_from_who_still_has_it()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        MemoryMetadataStore backup = b.Backup();
        Assert.Equal(Errno.OK, b.Rename("f", "lost"));
        await a.PullAsync(b);
        await c.PullAndLoseAsync(b, 3);
        Assert.True(c.Exists("lost"));
        b.Restore(backup);
        await b.PullAsync(c);
        Assert.Equal(Errno.OK, c.Rename("lost", "new"));
        await b.PullAsync(c);
        await a.PullAsync(b);
        await world.SettleAsync();
        await a.WriteAsync("g", "y");
        await world.SettleAsync();
        Assert.Equal("x", await a.ReadAsync(a.Exists("new") ? "new" : "lost"));
    }

    [Fact]
    public async Task File_that_a_returning_member_edited_is_at_one_place_for_those_who_purged_it_and_those_who_did_not()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, a.Unlink("f"));
        await c.WriteAsync("f", "w");
        await b.PullAsync(a);
        await c.PullAsync(b);
        await b.PullAsync(c);
        Assert.Equal(Errno.OK, c.Rename("f", "later"));
        Assert.Equal(Errno.OK, c.Unlink("later"));
        c.Volume.RemoveMember(b.Id);
        await a.PullAsync(c);
        Assert.Equal(RowsOfAnEmptyVolume, StateReader.Records(a.Metadata).Count);
        Assert.Equal(RowsOfAnEmptyVolume + 1, StateReader.Records(c.Metadata).Count);

        await b.WriteAsync("f", "v");
        a.Volume.AddMember(b.Id);
        c.Volume.AddMember(b.Id);
        await a.PullAsync(b);
        await world.SettleAsync();
        Assert.Equal("v", await c.ReadAsync(Assert.Single(c.Tree()).Key));
    }

    [Fact]
    public async Task Link_that_was_purged_with_its_file_stays_gone_everywhere_when_a_returning_member_brings_the_file_back()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await a.WriteAsync("f", "x");
        await world.SpreadAsync();
        Assert.Equal(Errno.OK, c.Link("f", "link"));
        await b.PullAsync(c);
        Assert.Equal(Errno.OK, a.Unlink("f"));
        a.Volume.RemoveMember(b.Id);
        await c.PullAsync(a);

        // The link, which the deletion had not seen, is removed by a change of its own before the file is purged.
        await a.PullAsync(c);
        Assert.Equal(RowsOfAnEmptyVolume, StateReader.Records(a.Metadata).Count);
        Assert.Equal(RowsOfAnEmptyVolume + 1, StateReader.Records(c.Metadata).Count);

        await b.WriteAsync("f", "v");
        Assert.Equal(Errno.OK, b.Rename("f", "g"));
        a.Volume.AddMember(b.Id);
        c.Volume.AddMember(b.Id);
        await c.PullAsync(b);
        await a.PullAsync(b);
        await world.SettleAsync();
        Assert.Equal("/g", Assert.Single(c.Tree()).Key);
        Assert.Equal("v", await c.ReadAsync("g"));
    }
}
