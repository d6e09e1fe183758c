using System.Globalization;
using Bazil.FileSystem.Tests.Collection.Model;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Collection;

/// <summary>
/// Searches the model of the protocol for a history after which something is lost that a member refers to. A failure prints its seed;
/// <c>BAZIL_SEED</c> runs that one alone, <c>BAZIL_SEEDS</c> sets how many.
/// </summary>
public sealed class GcModelTests
{
    private const int Steps = 60;

    [Fact]
    public void No_history_loses_what_a_member_refers_to()
    {
        int first = Seed.Take(1).Value;
        bool isSingle = Environment.GetEnvironmentVariable("BAZIL_SEED") is { Length: > 0 };
        int count = isSingle ? 1 : int.Parse(Environment.GetEnvironmentVariable("BAZIL_SEEDS") ?? "3000", CultureInfo.InvariantCulture);
        int deleted = 0;
        for (int seed = first; seed < first + count; seed++)
        {
            var world = new GcWorld(seed, new GcRules());
            string? loss = world.Run(Steps);
            Assert.True(loss is null, $"BAZIL_SEED={seed}: {loss}\n  {string.Join("\n  ", world.Trace)}");
            deleted += world.DeletedCount;
        }

        Assert.True(isSingle || deleted > count / 20, $"only {deleted} objects were deleted in {count} histories");
    }

    /// <summary>Each rule left out loses something, in a history that is harmless with it: so the search can find what is wrong.</summary>
    [Theory]
    [InlineData("members", 35)]
    [InlineData("marks of hits", 470)]
    [InlineData("restoring by hits", 3925)]
    [InlineData("open files", 309)]
    [InlineData("snapshots", 785)]
    [InlineData("adopted content", 1086)]
    [InlineData("vouching", 1572)]
    [InlineData("two steps", 40)]
    [InlineData("agreement at one moment", 32915, 120)]
    public void Every_rule_is_needed(string rule, int seed, int steps = Steps)
    {
        Assert.Null(new GcWorld(seed, new GcRules()).Run(steps));
        Assert.NotNull(new GcWorld(seed, Without(rule)).Run(steps));
    }

    /// <summary>
    /// C clones a file of A whose removal it has not heard of. B removes the clone. A hears of both from B, so the clone never shows up at A. Then
    /// everybody has told A that the first removal is known, and the clone is in place at C all the same.
    /// </summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("agreement at one moment", true)]
    public void Reference_that_was_never_seen_because_a_third_member_removed_it_keeps_its_content(string without, bool isLost)
    {
        GcWorld world = GcWorld.Told(Without(without), 3);
        (GcNode a, GcNode b, GcNode c) = (world.Nodes[0], world.Nodes[1], world.Nodes[2]);
        a.Put(1);
        a.Link(1, file: 0);
        Pull(c, a);
        a.Remove(0, a.Files[0].Values.Keys.Single());
        Collect(a);
        c.Link(1, file: 1);
        Pull(b, c);
        b.Remove(1, b.Files[1].Values.Keys.Single());
        Pull(b, a);
        Pull(c, a);
        Pull(a, b);
        Pull(a, c);
        Assert.Equal(0UL, a.Reachable);
        Assert.Equal(1UL, c.Reachable);

        Collect(a);

        Assert.Equal(isLost, world.FindLoss() is not null);
    }

    /// <summary>B removed a file; A has that from a pull that was interrupted, so A's knowledge does not have it, and C shows the file.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("unfinished pulls", true)]
    public void Removal_that_came_with_an_unfinished_pull_counts_as_known(string without, bool isLost)
    {
        GcWorld world = GcWorld.Told(Without(without), 3);
        (GcNode a, GcNode b, GcNode c) = (world.Nodes[0], world.Nodes[1], world.Nodes[2]);
        a.Put(1);
        a.Link(1, file: 0);
        Pull(b, a);
        Pull(c, a);
        Pull(a, b);
        Pull(a, c);
        b.Put(2);
        b.Link(2, file: 1);
        b.Remove(0, b.Files[0].Values.Keys.Single());
        var arrivals = new Queue<bool>([true, false]);
        a.Pull(b, arrivals.Dequeue);
        Assert.Equal(0UL, a.Reachable);

        Collect(a);
        Collect(a);

        Assert.Equal(isLost, world.FindLoss() is not null);
    }

    /// <summary>B vouched for the removal of a file, and got a clone of it from C after that. Then A removes C, and B's old word is all that is left to ask.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("removals that were heard of", true)]
    public void Reference_that_a_member_got_from_one_that_was_removed_keeps_its_content(string without, bool isLost)
    {
        GcWorld world = GcWorld.Told(Without(without), 3);
        (GcNode a, GcNode b, GcNode c) = (world.Nodes[0], world.Nodes[1], world.Nodes[2]);
        a.Put(1);
        a.Link(1, file: 0);
        Pull(c, a);
        a.Remove(0, a.Files[0].Values.Keys.Single());
        Collect(a);
        Pull(b, a);
        Pull(a, b);
        c.Link(1, file: 1);
        Pull(b, c);
        a.Deny(c);
        Collect(a);
        Assert.Equal(isLost, world.FindLoss() is not null);
        if (isLost) return;

        // B has heard of it; what it got from C is known here, too, and goes when both have removed it.
        Pull(b, a);
        Pull(a, b);
        Collect(a);
        Assert.Equal(1UL, a.Store);
        b.Remove(1, b.Files[1].Values.Keys.Single());
        Pull(a, b);
        Collect(a);
        Collect(a);
        Assert.Equal(0UL, a.Store);
    }

    [Fact]
    public void What_all_members_know_to_be_removed_is_deleted_by_the_second_collection()
    {
        GcWorld world = GcWorld.Told(new GcRules(), 2);
        (GcNode a, GcNode b) = (world.Nodes[0], world.Nodes[1]);
        a.Put(1);
        a.Link(1, file: 0);
        Pull(b, a);
        a.Remove(0, a.Files[0].Values.Keys.Single());
        Collect(a);
        Collect(a);
        Assert.Equal(1UL, a.Store);

        Pull(b, a);
        Pull(a, b);
        Collect(a);

        Assert.Equal(0UL, a.Store);
    }

    private static void Pull(GcNode to, GcNode from) => to.Pull(from, static () => true);

    private static void Collect(GcNode node)
    {
        node.Begin();
        node.TakeView();
        node.Complete();
    }

    private static GcRules Without(string rule) => rule switch
    {
        "" => new GcRules(),
        "members" => new GcRules { Members = MemberRule.None },
        "agreement at one moment" => new GcRules { Members = MemberRule.CoverStamp },
        "marks of hits" => new GcRules { HitsMark = false },
        "restoring by hits" => new GcRules { HitsRestore = false },
        "open files" => new GcRules { OpenFilesAreRoots = false },
        "snapshots" => new GcRules { SnapshotsAreRoots = false },
        "adopted content" => new GcRules { AdoptedAreRoots = false },
        "unfinished pulls" => new GcRules { ReferencesCount = false },
        "removals that were heard of" => new GcRules { DenialsAreHeard = false },
        "vouching" => new GcRules { OpenFilesHoldBack = false },
        "two steps" => new GcRules { TwoSteps = false },
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, "no such rule"),
    };
}
