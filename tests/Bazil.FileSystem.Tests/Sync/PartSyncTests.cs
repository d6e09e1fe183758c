using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Fuse;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>Synchronisation of one path: what is outside is not taken, knowledge stays, and a later pull of everything completes it.</summary>
public sealed class PartSyncTests
{
    [Fact]
    public async Task What_is_outside_of_the_path_is_not_taken()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
        await MakeTreeAsync(a);
        Knowledge before = b.Volume.Knowledge;

        PullResult result = await b.PullAsync(a, "d/e");

        Assert.Equal(["/d", "/d/e", "/d/e/f", "/d/e/sub", "/d/e/sub/g"], b.Tree().Keys.Order(StringComparer.Ordinal));
        Assert.Equal("f", await b.ReadAsync("d/e/f"));
        Assert.Equal(5, result.Nodes);
        Assert.Equal(before, b.Volume.Knowledge);

        await world.SettleAsync();
        Assert.Equal(a.Tree(), b.Tree());
        Assert.Equal("h", await b.ReadAsync("d/h"));
    }

    [Fact]
    public async Task File_comes_alone_and_a_path_that_is_nowhere_is_named()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
        await MakeTreeAsync(a);

        await b.PullAsync(a, "d/e/f");
        SyncException nowhere = await Assert.ThrowsAsync<SyncException>(() => b.PullAsync(a, "d/none"));

        Assert.Equal(["/d", "/d/e", "/d/e/f"], b.Tree().Keys.Order(StringComparer.Ordinal));
        Assert.Contains("has no d/none, neither here nor at peer", nowhere.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_left_the_path_or_was_deleted_leaves_it_and_the_rest_stays_unknown()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
        await MakeTreeAsync(a);
        await world.SpreadAsync();
        a.Rename("d/e/f", "moved");
        a.Unlink("d/e/sub/g");
        a.Rename("d/h", "d/e/h");
        await a.WriteAsync("outside", "changed");

        await b.PullAsync(a, "d/e");

        Assert.Equal(["/d", "/d/e", "/d/e/h", "/d/e/sub", "/moved", "/outside"], b.Tree().Keys.Order(StringComparer.Ordinal));
        Assert.Equal("o", await b.ReadAsync("outside"));
        a.Unlink("d/e/h");
        a.RemoveDirectory("d/e/sub");
        a.RemoveDirectory("d/e");
        await b.PullAsync(a, "d/e");
        Assert.Equal(["/d", "/moved", "/outside"], b.Tree().Keys.Order(StringComparer.Ordinal));
        await world.SettleAsync();
        Assert.Equal("changed", await b.ReadAsync("outside"));
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Changes_to_what_came_in_part_are_no_conflicts_for_anyone()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await MakeTreeAsync(a);
        await c.PullAsync(a, "d/e");
        await c.WriteAsync("d/e/f", "by c");
        c.Unlink("d/e/sub/g");

        // B has nothing from A, and gets A's nodes through C, who knows them only in part.
        await b.PullAsync(c);
        Assert.Equal("by c", await b.ReadAsync("d/e/f"));
        Assert.False(b.Exists("outside"));
        await a.PullAsync(b);
        Assert.Equal("by c", await a.ReadAsync("d/e/f"));
        Assert.False(a.Exists("d/e/sub/g"));
        Assert.Equal(0, a.Volume.CountConflicts());
        await world.SettleAsync();
        Assert.Equal("o", await c.ReadAsync("outside"));
    }

    [Fact]
    public async Task Who_may_have_what_was_purged_compares_the_path_in_full()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await MakeTreeAsync(a);
        await world.SpreadAsync();
        a.Volume.RemoveMember(c.Id);
        a.Unlink("d/e/sub/g");
        a.Unlink("d/h");
        for (int round = 0; round < 3; round++)
        {
            await a.PullAsync(b);
            await b.PullAsync(a);
        }

        a.Volume.AddMember(c.Id);
        Assert.Equal(0, StateReader.Records(a.Metadata).Count(node => node.Links is [{ IsLive: false }]));

        await c.PullAsync(a, "d/e");

        Assert.False(c.Exists("d/e/sub/g"));
        Assert.True(c.Exists("d/h"));
        await world.SettleAsync();
        Assert.False(c.Exists("d/h"));
    }

    [Fact]
    public async Task Deletions_of_a_pull_that_was_cut_off_wait_for_the_end_of_the_next_one()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await MakeTreeAsync(a);
        await world.SpreadAsync();
        a.Unlink("d/h");
        await b.PullAndLoseAsync(a, 2);
        await b.PullAsync(a, "d/e");
        Assert.True(b.Exists("d/h"));
        await b.PullAsync(a);
        Assert.False(b.Exists("d/h"));
    }

    [Fact]
    public async Task Interrupted_anywhere_it_is_harmless_and_can_be_repeated()
    {
        for (int frames = 0; ; frames++)
        {
            await using World world = await World.CreateAsync(2);
            (Replica a, Replica b) = (world.Replicas[0], world.Replicas[1]);
            await MakeTreeAsync(a);
            await world.SpreadAsync();
            a.Rename("d/e/f", "moved");
            await a.WriteAsync("d/e/new", "new");
            bool isCut = false;
            try
            {
                await b.PullAsync(a, "d/e", frames);
            }
            catch (IOException)
            {
                isCut = true;
            }

            b.PowerCut(world.Random);
            await b.WriteAsync("d/e/sub/g", "by b");
            await b.PullAsync(a, "d/e");
            Assert.Equal("new", await b.ReadAsync("d/e/new"));
            await world.SettleAsync();
            Assert.Equal("by b", await a.ReadAsync("d/e/sub/g"));
            Assert.Equal(0, a.Volume.CountConflicts());
            if (!isCut) return;
        }
    }

    [Fact]
    public async Task Directories_that_show_as_one_come_both()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        foreach (Replica replica in new[] { a, b })
        {
            replica.MakeDirectory("d");
            await replica.WriteAsync($"d/{replica.Name}", "x");
        }

        await a.PullAsync(b);
        await c.PullAsync(a, "d");
        Assert.Equal(["/d", "/d/A", "/d/B"], c.Tree().Keys.Order(StringComparer.Ordinal));
        await world.SettleAsync();
    }

    private static async Task MakeTreeAsync(Replica replica)
    {
        foreach (string path in new[] { "d", "d/e", "d/e/sub" }) replica.MakeDirectory(path);
        await replica.WriteAsync("d/e/f", "f");
        await replica.WriteAsync("d/e/sub/g", "g");
        await replica.WriteAsync("d/h", "h");
        await replica.WriteAsync("outside", "o");
    }
}
