using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Collection;

// Nodes that were restored from a backup, and whose word they wait for.
public sealed partial class GarbageRunTests
{
    /// <summary>By its old rows it would agree with itself: what it wrote after the backup is known to B alone, and lies in a store that B does not use.</summary>
    [Fact]
    public async Task Restored_member_lets_nothing_go_elsewhere_before_it_has_heard_from_all_members()
    {
        await using World world = await World.CreateAsync(2, hasOwnStores: true);
        (Replica a, Replica b) = world;
        await a.WriteAsync("file", "before");
        await b.PullAsync(a);
        await a.PullAsync(b);
        await a.CollectAsync(Pace.Full, Cancel);
        using MemoryMetadataStore backup = a.Backup();
        await a.WriteAsync("late", Text('l', 300_000));
        ObjectId late = IdOfRoot(world, a, "late");
        await b.PullAsync(a);
        await b.ReadAsync("late"); // so that its pointers are somewhere: this test has no store elsewhere

        a.Restore(backup);
        SweepOrder? order = null;
        GarbageReport report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.False(order!.IsMarked(late));
        report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.Empty(report.Blocked); // by its rows all agree
        Assert.False(order.IsMarked(late) || order.IsRipe(1));
        Assert.Equal([b.Id], Assert.Single(report.Unheard).Agreement.Behind);

        await a.PullAsync(b);
        Assert.Empty((await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now)).Unreadable);
        Assert.True(order.IsMarked(late));
        await b.PullAsync(a);
        await a.PullAsync(b);
        report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.True(order.IsMarked(late) && order.IsRipe(order.Generation - 1));
        Assert.Empty(report.Unheard);
    }

    /// <summary>A and C never meet while A runs; what C knows of A's lost state comes with what B passes on.</summary>
    [Fact]
    public async Task Restored_member_believes_what_another_passed_on_only_when_it_was_signed_since_it_runs()
    {
        await using World world = await World.CreateAsync(3, hasOwnStores: true);
        (Replica a, Replica b, Replica c) = (world.Replicas[0], world.Replicas[1], world.Replicas[2]);
        await a.WriteAsync("file", "before");
        foreach ((Replica puller, Replica server) in ((Replica, Replica)[])[(b, a), (c, a), (b, c), (a, b), (a, c)]) await puller.PullAsync(server);
        await a.CollectAsync(Pace.Full, Cancel);
        using MemoryMetadataStore backup = a.Backup();
        await a.WriteAsync("late", Text('l', 300_000));
        ObjectId late = IdOfRoot(world, a, "late");
        await c.PullAsync(a);
        await c.ReadAsync("late");

        // What B passes on of C is as old as the backup, though by these rows all agree.
        a.Restore(backup);
        await a.PullAsync(b);
        SweepOrder? order = null;
        GarbageReport report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.Equal([c.Id], Assert.Single(report.Unheard).Agreement.Behind);
        Assert.False(order!.IsMarked(late) || order.IsRipe(1));

        // A change of this run, and a word of C that vouches for it.
        await a.WriteAsync("since", "after");
        foreach ((Replica puller, Replica server) in ((Replica, Replica)[])[(b, a), (a, b)]) await puller.PullAsync(server);
        Assert.Equal([c.Id], Assert.Single((await a.CollectAsync(Pace.Full, Cancel)).Unheard).Agreement.Behind);
        foreach ((Replica puller, Replica server) in ((Replica, Replica)[])[(c, b), (b, c), (a, b), (b, a), (c, b), (b, c), (a, b)]) await puller.PullAsync(server);
        report = await a.CollectAsync(Pace.Full, Cancel, elsewhere: now => order = now);
        Assert.Empty(report.Unheard);
        Assert.True(order.IsMarked(late) && order.IsRipe(order.Generation - 1));
    }
}
