using Bazil.FileSystem.Tests.Simulation;
using Bazil.Unix;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>
/// The examples of the paper, by the numbers of its figures (Cox and Josephson, "File synchronization with vector time pairs", MIT-LCS-TM-650).
/// "Copied" is: the other's content is in place and there is no conflict.
/// </summary>
public sealed class PaperFigureTests
{
    [Fact]
    public async Task Figure_2a_an_older_copy_changes_nothing()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        await CopiesAsync(b, a, "1");
        await a.WriteAsync("f", "3");
        await CopiesAsync(a, b, "3");
        Assert.Equal("1", await b.ReadAsync("f"));
    }

    [Fact]
    public async Task Figure_2b_a_change_of_the_copy_is_copied_back()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        await CopiesAsync(b, a, "1");
        await b.WriteAsync("f", "3");
        await CopiesAsync(a, b, "3");
    }

    [Fact]
    public async Task Figure_2c_changes_on_both_sides_are_a_conflict()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        await CopiesAsync(b, a, "1");
        await a.WriteAsync("f", "3a");
        await b.WriteAsync("f", "3b");
        await b.PullAsync(a);
        Assert.Equal("3b", await b.ReadAsync("f"));
        Assert.Equal(["3a"], b.Alternates("f"));
    }

    /// <summary>
    /// In the paper a change that A makes before it hears of this is copied, too. Here it is a conflict, with its own older content as
    /// the alternate: the resolution is a change of B's, or two people who resolve differently would lose both sides.
    /// </summary>
    [Fact]
    public async Task Figure_3b_after_a_resolution_for_the_other_side_its_next_change_is_copied()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await ConflictAsync(a, b, c);
        await b.WriteAsync("f", "3a"); // equal to the alternate: one value
        await CopiesAsync(a, b, "3a");
        await CopiesAsync(b, c, "3a");
        await CopiesAsync(c, b, "3a");
        await a.WriteAsync("f", "6");
        await CopiesAsync(b, a, "6");
        await world.SettleAsync();
    }

    [Theory]
    [InlineData("3b")]
    [InlineData("new")]
    public async Task Figures_3c_and_3d_after_a_resolution_for_this_side_or_anew_a_change_without_knowledge_of_it_is_a_conflict(string resolution)
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        await ConflictAsync(a, b, c);
        if (resolution != "3b") await b.WriteAsync("f", resolution);
        Assert.Equal(Errno.OK, b.DropAlternate("f"));
        await CopiesAsync(c, b, resolution);
        await CopiesAsync(b, c, resolution);
        await a.WriteAsync("f", "6");
        await b.PullAsync(a);
        Assert.Equal(resolution, await b.ReadAsync("f"));
        Assert.Equal(["6"], b.Alternates("f"));
        await world.SettleAsync();
        Assert.Equal("6", await a.ReadAsync("f"));
    }

    [Fact]
    public async Task Figure_5a_a_file_made_where_a_deletion_was_heard_of_is_copied()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        await b.PullAsync(a);
        a.Unlink("f");
        await b.PullAsync(a);
        Assert.False(b.Exists("f"));
        await b.WriteAsync("f", "4");
        await CopiesAsync(a, b, "4");
    }

    [Fact]
    public async Task Figure_5c_a_file_made_elsewhere_is_copied_to_where_another_was_deleted()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        a.Unlink("f");
        await b.WriteAsync("f", "4");
        await CopiesAsync(a, b, "4");
        await CopiesAsync(b, a, "4");
    }

    [Fact]
    public async Task Figure_5d_files_made_and_deleted_on_both_sides_leave_nothing()
    {
        await using World world = await World.CreateAsync(2);
        (Replica a, Replica b) = world;
        await a.WriteAsync("f", "1");
        await b.WriteAsync("f", "1b");
        a.Unlink("f");
        b.Unlink("f");
        await a.PullAsync(b);
        Assert.False(a.Exists("f"));
        await world.SettleAsync();
        Assert.Empty(b.Tree());
        Assert.Equal(0, b.Volume.CountConflicts());
    }

    [Fact]
    public async Task Figure_8_what_came_by_way_of_another_is_known_and_not_fetched_again()
    {
        await using World world = await World.CreateAsync(3);
        (Replica a, Replica b, Replica c) = world;
        a.MakeDirectory("d");
        await a.WriteAsync("d/f", "1");
        await b.PullAsync(a);
        await b.WriteAsync("d/g", "4");
        await c.PullAsync(b);
        Assert.Equal("1", await c.ReadAsync("d/f"));
        Assert.True(a.Volume.Knowledge.IsCoveredBy(c.Volume.Knowledge));
        Assert.Equal(0, (await c.PullAsync(a)).Nodes);
        await c.WriteAsync("d/f", "5");
        await a.PullAsync(c);
        Assert.Equal("5", await a.ReadAsync("d/f"));
        Assert.Equal(0, a.Volume.CountConflicts());
    }

    /// <summary>All have "1"; A and B change it; B has pulled from A and is in conflict, "3b" in place.</summary>
    private static async Task ConflictAsync(Replica a, Replica b, Replica c)
    {
        await b.WriteAsync("f", "1");
        await CopiesAsync(a, b, "1");
        await CopiesAsync(c, b, "1");
        await a.WriteAsync("f", "3a");
        await b.WriteAsync("f", "3b");
        await b.PullAsync(a);
        Assert.Equal(["3a"], b.Alternates("f"));
    }

    private static async Task CopiesAsync(Replica to, Replica from, string text)
    {
        await to.PullAsync(from);
        Assert.Equal(text, await to.ReadAsync("f"));
        Assert.Empty(to.Alternates("f"));
        Assert.Equal(0, to.Volume.CountConflicts());
    }
}
