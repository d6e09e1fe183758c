using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>What this node says to the others that use the folder, and hears from them (docs/gc.md, "Stores that nodes share").</summary>
public sealed partial class PackStore
{
    private const int ListingsOfNewLease = 2;

    private readonly SemaphoreSlim _leasing = new(1); // held while leases are read and the own one is written; nothing else is waited for meanwhile but the folder
    private volatile PackLease? _lease; // this node's, since it was looked at in this run
    private volatile int _losses; // grows when packs are gone that nobody had announced
    private volatile bool _isDoubtful; // the lease was not as this node had left it, at some moment of this run
    private volatile IReadOnlyList<FoundLease> _others = []; // as they were then

    /// <summary>
    /// Makes sure that the others know that this node relies on what is there, and that this node knows what they are about to remove. Once in each run of the daemon; without it <see cref="Rely"/> answers no.
    /// </summary>
    /// <exception cref="StoreException">The folder failed, or takes no files.</exception>
    public async Task RequireLeaseAsync(CancellationToken cancel)
    {
        if (_lease is null) await CheckLeaseAsync(cancel);
    }

    /// <summary>Writes this node's lease anew, if it has one: a backup of its rows that was taken before is known by that. Before something begins to count on the store that such a backup does not know.</summary>
    /// <exception cref="StoreException">The folder failed, or takes no files.</exception>
    public async Task RenewLeaseAsync(CancellationToken cancel)
    {
        if (_index is { } index && PackLeaseRow.Read(_metadata, index.StoreId) is not null) await CheckLeaseAsync(cancel, isFirst: true);
    }

    /// <summary>
    /// Counts on an object: true when it is there for sure and stays, until a later collection finds that nothing refers to it any more. False when it is to be put anew. Asks nobody.
    /// </summary>
    public bool Rely(in ObjectId id)
    {
        if (_lease is null || _index is not { } index) return false;
        if (FindWaiting(id) is not PackTrust.Verified) return index.Rely(id);
        index.Restore(id); // a copy of it that is being moved
        return true;
    }

    /// <summary>
    /// Which of some objects are there now, asked of the folder, and stay there (<see cref="Rely"/>), with this node's lease in place. Durable on return: whoever has another copy of these may remove it.
    /// Costs a look at the leases, and a small read for each pack.
    /// </summary>
    /// <exception cref="StoreException">The folder failed: nothing is known.</exception>
    public async Task<IReadOnlySet<ObjectId>> ConfirmAsync(IReadOnlyCollection<ObjectId> ids, CancellationToken cancel)
    {
        await MeetAsync(cancel);
        await CheckLeaseAsync(cancel);
        PackIndex index = _index!;
        var there = new HashSet<ObjectId>();
        byte[] last = new byte[1];
        foreach (IGrouping<PackId, ObjectId> held in ids.Where(id => index.Find(id) is { Trust: PackTrust.Verified }).ToLookup(id => index.Find(id)?.Pack ?? default))
        {
            if (index.FindPack(held.Key) is not { } use || await _folder.ReadAsync(held.Key.FileName, use.SizeBytes - 1, last, cancel) is not 1) continue;
            foreach (ObjectId id in held)
            {
                if (index.Rely(id)) there.Add(id);
            }
        }

        _metadata.Sync();
        _ = OwnLease; // nothing was lost meanwhile
        return there;
    }

    /// <summary>Those who use the folder beside this node, as they were when it last looked.</summary>
    public IReadOnlyList<PeerId> OtherNodes => [.. _others.Select(static lease => lease.Node)];

    /// <summary>
    /// Gives up the lease of a node that is gone for good: nobody waits for it any more. What it kept there, and has nowhere else, may be removed from then on.
    /// </summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="StoreException">The folder failed.</exception>
    public async Task<bool> ReleaseAsync(PeerId node, CancellationToken cancel)
    {
        await MeetAsync(cancel);
        return await Leases().GiveUpAsync(node, cancel);
    }

    /// <summary>Gives up what this node has there: nothing that it knew of the store counts any more, and its lease goes. Only when nothing uses the store.</summary>
    /// <exception cref="StoreException">The folder failed: the others wait for this node until somebody releases it there.</exception>
    public async Task LeaveAsync(CancellationToken cancel)
    {
        if (_index is not { } index || PackLeaseRow.Read(_metadata, index.StoreId) is null) return;
        await ReadMarkAsync(cancel);
        _lease = null;
        index.Clear();
        _metadata.Sync();
        await Leases().GiveUpAsync(_identity.PeerId, cancel);
    }

    /// <summary>This node's lease, which was looked at in this run.</summary>
    /// <exception cref="StoreException">It was not, or packs were lost since.</exception>
    private PackLease OwnLease => _lease ?? throw new StoreException($"{Name}: this node's lease has to be read anew; it is tried again") { IsUnreachable = true };

    /// <summary>
    /// What is there may be removed although it is newer than this node's rows. These have to know of it first, and nothing that they concluded before counts: two collections from now on find what is unused.
    /// </summary>
    /// <returns>Why that was not done; null when it was. A death before its end repeats it.</returns>
    private async Task<string?> ClaimAsync(PackIndex index, CancellationToken cancel)
    {
        await ListAnewAsync(cancel);
        List<(PackId, long)> packs = [.. index.ListPacks().Where(static pack => pack.Use.SizeBytes > 0).Select(static pack => (pack.Id, pack.Use.SizeBytes))];
        if ((await LookIntoAsync(index, packs, cancel, isAll: true) ?? _unreadable) is { } problem) return $"what is there is not known, so this node's database is still taken for old; {problem}";
        index.ForgetFossils();
        Leases().Claim();
        _metadata.Sync();
        _isDoubtful = false;
        return null;
    }

    private PackLeases Leases() => new(_folder, _metadata, _identity, _index!, _entropy, _time);

    /// <summary>Reads or changes what the rows say of this node's own lease.</summary>
    private Task WithLeasesAsync(Action<PackLeases> action, CancellationToken cancel) => WithLeasesAsync(
        leases =>
        {
            action(leases);
            return Task.CompletedTask;
        },
        cancel);

    private async Task WithLeasesAsync(Func<PackLeases, Task> action, CancellationToken cancel)
    {
        await _leasing.WaitAsync(cancel);
        try
        {
            await action(Leases());
        }
        finally
        {
            _leasing.Release();
        }
    }

    /// <summary>Reads all leases, makes this node's own when there is none, and notes what is about to be removed.</summary>
    /// <param name="isFirst">The own lease is written anew with the next number, though it is as it should be.</param>
    private async Task<PackLease> CheckLeaseAsync(CancellationToken cancel, bool isFirst = false)
    {
        PackIndex index = await MeetIndexAsync(cancel);
        await _leasing.WaitAsync(cancel);
        ulong generation = index.Generation;
        try
        {
            int losses = _losses;
            PackLeases leases = Leases();
            List<FoundLease> found = await leases.ListAsync(cancel);
            (PackLease own, bool isNew, bool isDoubtful) = await leases.RequireOwnAsync(found, isFirst || _lease is null, cancel);
            _isDoubtful |= isDoubtful;
            if (leases.MustLookAnew) NoteListingDue();

            // Who announced something before it could see the new lease does not wait for it: that has to be seen here, though a listing may leave out a file.
            for (int left = isNew ? ListingsOfNewLease : 0; left > 0; left--)
            {
                index.Doom(found.Where(static lease => lease.Lease is not null).SelectMany(static lease => lease.Lease!.Doomed));
                found = await leases.ListAsync(cancel);
            }

            index.Doom(found.Where(static lease => lease.Lease is not null).SelectMany(static lease => lease.Lease!.Doomed));
            _others = [.. found.Where(lease => lease.Node != leases.Self)];
            if (losses != _losses) throw new StoreException($"{Name}: packs are gone since the leases were read; it is tried again") { IsUnreachable = true };
            _lease = own;
            return own;
        }
        catch
        {
            _lease = null; // what is there may not be what was written
            throw;
        }
        finally
        {
            _leasing.Release();
            if (index.Generation != generation) Lost?.Invoke(); // a lease that is not as it was left: nothing there counts any more
        }
    }

    /// <summary>Changes this node's lease, which was looked at in this run. All that the new one rests on is durable before it can be read.</summary>
    private async Task<PackLease> ChangeLeaseAsync(Func<PackLease, PackLease> change, bool isNewRound, CancellationToken cancel)
    {
        await _leasing.WaitAsync(cancel);
        try
        {
            PackLease lease = OwnLease;
            return _lease = await Leases().WriteAsync(change(lease) with { Sequence = lease.Sequence + 1 }, isNewRound, cancel);
        }
        catch
        {
            _lease = null; // what is there now is to be read
            throw;
        }
        finally
        {
            _leasing.Release();
        }
    }
}
