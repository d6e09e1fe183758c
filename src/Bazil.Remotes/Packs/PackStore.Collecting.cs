using Bazil.Core;
using Bazil.Storage.Collection;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>The store's part in a collection of garbage: first the rows, which asks nobody, then the folder.</summary>
public sealed partial class PackStore
{
    private int _forgetting; // sweeps that run and may forget something
    private int _forgot; // those that have ended

    /// <summary>Looks who uses the folder, what they are about to remove, and which packs there are, so that a collection goes by the present.</summary>
    /// <exception cref="StoreException">The folder failed; the collection can be made without it.</exception>
    public async Task PrepareAsync(CancellationToken cancel)
    {
        await MeetAsync(cancel);
        await RefreshAsync(cancel); // first: what is found here may be announced
        await CheckLeaseAsync(cancel, isFirst: true);
    }

    /// <summary>What this node has announced and why it waits, as the leases say now. Changes nothing.</summary>
    /// <exception cref="StoreException">The folder failed.</exception>
    public async Task<PackReclaim> LookAsync(CancellationToken cancel)
    {
        await MeetAsync(cancel);
        await RefreshAsync(cancel);
        PackLeases leases = Leases();
        List<FoundLease> found = await leases.ListAsync(cancel);
        PackLease own = found.FirstOrDefault(lease => lease.Node == leases.Self)?.Lease ?? PackLease.First(leases.Self);
        _others = [.. found.Where(lease => lease.Node != leases.Self)];
        var tally = new ReclaimTally { Blockers = BlockersOf(own) };
        if (leases.AreRowsOld) tally.Note(OldRows);
        return tally.Finish(UsesOf(own), leases.Since);
    }

    /// <inheritdoc cref="PackIndex.SweepAsync"/>
    /// <returns>What became of the rows, and what it takes to give the room back. Nothing when this node has never met the store.</returns>
    public async ValueTask<(SweepReport Sweep, PackPlan Plan)> SweepRowsAsync(SweepOrder order, CancellationToken cancel)
    {
        if (_index is not { } index) return default;
        var losses = new Dictionary<PackId, long>();
        Func<PackId, bool> isCollected = Collected(index);

        // What rows that are older than the store forget could not be found again when they are taken for right.
        bool mayForget = !_isDoubtful && !Leases().AreRowsOld;
        SweepReport sweep;
        if (mayForget) Interlocked.Increment(ref _forgetting);
        try
        {
            sweep = await index.SweepAsync(mayForget ? order : order with { IsRipe = static _ => false }, mayForget, isCollected, lost => losses[lost.Pack] = losses.GetValueOrDefault(lost.Pack) + lost.Length, cancel);
        }
        finally
        {
            if (mayForget) await EndForgettingAsync();
        }

        if (!order.IsDryRun) losses.Clear(); // they are off the rows
        var plan = default(PackPlan);
        foreach ((PackId pack, PackUse use) in index.ListPacks())
        {
            PackUse left = use with { WantedBytes = use.WantedBytes - losses.GetValueOrDefault(pack) };
            if (!left.IsMostlyEmpty || !isCollected(pack)) continue;

            // Each is removed; one that holds something wanted is read and its rest written.
            long requests = left.WantedBytes > 0 ? 2 + (left.WantedBytes / Limits.PackSizeBytes) : 1;
            plan = new PackPlan(plan.Packs + 1, plan.Bytes + left.SizeBytes, plan.MoveBytes + left.WantedBytes, plan.Requests + requests);
        }

        return (sweep, plan);
    }

    /// <summary>A sweep has ended, however it did: when the rows turned out to be old meanwhile, it may have forgotten something after that was looked for. Says so even when the collection is broken off.</summary>
    private async Task EndForgettingAsync()
    {
        try
        {
            if (!Leases().AreRowsOld) return;
            await WithLeasesAsync(static leases => leases.NoteLook(isDone: false), CancellationToken.None);
            NoteListingDue();
        }
        finally
        {
            Interlocked.Increment(ref _forgot); // first: whoever sees that none runs sees this, too
            Interlocked.Decrement(ref _forgetting);
        }
    }

    /// <summary>
    /// Tells the packs that this node removes when they are mostly of no use to it: its own, and those of nodes that have no lease any more, if its name is the smallest of all that have.
    /// Who has more use for one of these than this node takes what it needs before it agrees.
    /// </summary>
    private Func<PackId, bool> Collected(PackIndex index)
    {
        PeerId self = _identity.PeerId;
        List<PeerId> others = [.. _others.Select(static lease => lease.Node)];
        bool isFirst = _lease is not null && others.All(node => self < node);
        return pack => pack.IsOf(self) || index.FindPack(pack) is { IsOwn: true } || (isFirst && !others.Exists(node => pack.IsOf(node)));
    }
}
