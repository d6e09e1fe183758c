using Bazil.Core;
using Bazil.Remotes.Packs;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;

namespace Bazil.Server.Collection;

/// <summary>What this node put at a peer, in one collection of garbage: the peer lists it, and deletes what is released.</summary>
/// <param name="names">What the volumes call the storage.</param>
/// <param name="store">The peer's storage.</param>
/// <param name="removal">What may be released.</param>
/// <param name="entropy">Lets no peer choose what is taken for listed by mistake.</param>
/// <param name="time">Bounds how long the peer may take.</param>
internal sealed class PeerCollection(IReadOnlyList<string> names, IPeerPuts store, PackRemoval removal, IEntropy entropy, TimeProvider time) : IElsewhereCollection
{
    private const int BatchCount = 512;
    private const int MarksMax = 64; // more of them say nothing more

    private bool _isFull; // it names more unused objects than are noted

    public IReadOnlyList<string> Names => names;

    public string Address => store.Name;

    public SweepReport Sweep { get; private set; }

    public PackPlan Plan => default;

    public PackReclaim? Done => null;

    public string? Problem { get; private set; }

    public Task PrepareAsync(bool isDryRun, CancellationToken cancel) => Task.CompletedTask;

    public async Task SweepAsync(SweepOrder order, CancellationToken cancel)
    {
        Sweep = await store.Fossils.SweepAsync(order, cancel);
        using var limit = new CancellationTokenSource(Limits.PeerListTimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            await SweepListedAsync(order, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            Problem = $"{store.Name} did not list what it keeps for this node, and take back what is released, within {Limits.PeerListTimeMax.TotalMinutes:0} minutes; the rest is left for the next collection";
        }
        catch (Exception e) when (e is IOException && !cancel.IsCancellationRequested)
        {
            Problem = Failures.Describe(e).Message; // the peer is away, or an older version; the rows were looked at
        }
    }

    public Task ReclaimAsync(CancellationToken cancel) => Task.CompletedTask;

    private async Task SweepListedAsync(SweepOrder order, CancellationToken cancel)
    {
        var found = new List<ObjectId>();
        var ripe = new List<ObjectId>();
        var marks = new List<ObjectId>();
        var fossils = new ObjectFilter(entropy); // those that it lists
        long count = 0;
        await foreach (ObjectId id in store.ListAsync(cancel))
        {
            if (++count > Limits.PeerPutsMax) throw new IOException($"{store.Name} names more than {Limits.PeerPutsMax} objects that this node put there; the rest is left for later");
            if (store.Marks.IsMark(id))
            {
                if (marks.Count < MarksMax) marks.Add(id);
                continue;
            }

            Sweep = Sweep with { Found = Sweep.Found.Add(0) };
            if (order.IsMarked(id)) continue;
            ulong? generation = store.Fossils.Find(id);
            if (generation is not null) fossils.Add(id);
            if (generation is null)
            {
                found.Add(id);
                Sweep = Sweep with { Fossilised = Sweep.Fossilised.Add(0) };
            }
            else if (generation < order.Generation && !order.StartsAgain && order.IsRipe(generation.Value))
            {
                ripe.Add(id);
            }
            else if (generation < order.Generation)
            {
                Sweep = Sweep with { Waiting = Sweep.Waiting.Add(0) };
            }

            if (found.Count == BatchCount) Note(found, order);
            await order.Pace.StepAsync(cancel);
        }

        Note(found, order);

        // Only the end of the list shows whether these rows may decide.
        if (!MayRelease(marks, order))
        {
            Problem ??= "this node's database is older than what it has put there, as after a restore from a backup: it releases nothing before bazil gc --restored";
            return;
        }

        if (!order.IsDryRun) await store.Fossils.DropUnlistedAsync(id => fossils.MayContain(id), order, cancel);
        if (Problem is not null) ripe.Clear();
        foreach (ObjectId[] some in ripe.Chunk(BatchCount)) await ReleaseAsync(some, order, cancel);
        if (!order.IsDryRun) await store.Marks.RenewAsync(marks, async mark => await store.PutMarkAsync(mark, cancel), async old => await store.DiscardAsync(old, cancel), cancel);
        if (_isFull) Problem ??= $"{store.Name} names more objects that nothing refers to than are noted at a time; the rest is noted when these were released. If this node never put so many there, the peer makes them up";
    }

    private bool MayRelease(IReadOnlyCollection<ObjectId> marks, SweepOrder order)
    {
        if (order.IsDryRun) return !store.Marks.AreRowsOld;
        store.Marks.Look(marks);
        if (!store.Marks.AreRowsOld) return true;
        if (removal != PackRemoval.All) return false;

        // What old rows concluded counts for nothing.
        store.Fossils.Clear();
        store.Marks.Claim(marks);
        Problem = "what is there is judged by this node's database from now on: the next collection finds what is unused, and the one after that releases it";
        return true;
    }

    private void Note(List<ObjectId> found, SweepOrder order)
    {
        if (!order.IsDryRun && found.Count > 0) _isFull |= !store.Fossils.Add(found, order);
        found.Clear();
    }

    private async Task ReleaseAsync(ObjectId[] ripe, SweepOrder order, CancellationToken cancel)
    {
        int released = ripe.Length;
        if (!order.IsDryRun)
        {
            released = 0;
            await store.Fossils.ReleaseAsync(ripe, async ids => released = await store.DiscardAsync(ids, cancel));
        }

        Sweep = Sweep with { Deleted = new ObjectTotals(Sweep.Deleted.Objects + released, 0) };
    }
}
