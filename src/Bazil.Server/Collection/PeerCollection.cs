using Bazil.Core;
using Bazil.Remotes.Packs;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;

namespace Bazil.Server.Collection;

/// <summary>What this node put at a peer, in one collection of garbage: the peer lists it, and deletes what is released.</summary>
/// <param name="names">What the volumes call the storage.</param>
/// <param name="store">The peer's storage.</param>
internal sealed class PeerCollection(IReadOnlyList<string> names, PeerOfferStore store) : IElsewhereCollection
{
    private const int BatchCount = 512;

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
        try
        {
            await SweepListedAsync(order, cancel);
        }
        catch (Exception e) when (e is IOException && !cancel.IsCancellationRequested)
        {
            Problem = Failures.Describe(e).Message; // the peer is away, or an older version; the rows were looked at
        }
    }

    public Task ReclaimAsync(bool mayRemove, CancellationToken cancel) => Task.CompletedTask;

    private async Task SweepListedAsync(SweepOrder order, CancellationToken cancel)
    {
        var found = new List<ObjectId>();
        var ripe = new List<ObjectId>();
        long count = 0;
        await foreach (ObjectId id in store.ListAsync(cancel))
        {
            if (++count > Limits.PeerPutsMax) throw new IOException($"{store.Name} names more than {Limits.PeerPutsMax} objects that this node put there; the rest is left for later");
            Sweep = Sweep with { Found = Sweep.Found.Add(0) };
            if (order.IsMarked(id)) continue;
            ulong? generation = store.Fossils.Find(id);
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
            if (ripe.Count == BatchCount) await ReleaseAsync(ripe, order, cancel);
            await order.Pace.StepAsync(cancel);
        }

        Note(found, order);
        await ReleaseAsync(ripe, order, cancel);
    }

    private void Note(List<ObjectId> found, SweepOrder order)
    {
        if (!order.IsDryRun && found.Count > 0) store.Fossils.Add(found, order.Generation);
        found.Clear();
    }

    private async Task ReleaseAsync(List<ObjectId> ripe, SweepOrder order, CancellationToken cancel)
    {
        int released = ripe.Count;
        if (!order.IsDryRun)
        {
            released = 0;
            await store.Fossils.ReleaseAsync(ripe, async ids => released = await store.DiscardAsync(ids, cancel));
        }

        Sweep = Sweep with { Deleted = new ObjectTotals(Sweep.Deleted.Objects + released, 0) };
        ripe.Clear();
    }
}
