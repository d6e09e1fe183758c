using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>
/// Giving room back. A pack goes as a whole, and only after every node with a lease has said that it needs nothing of it; the steps, and why they are safe in any order with those of other nodes
/// and after any crash, are in docs/gc.md, "Stores that nodes share".
/// </summary>
public sealed partial class PackStore
{
    private const string OldRows = "this node's database is older than what it has said there, as after a restore from a backup: it neither removes anything nor lets others do so before bazil gc --restored";

    private const string Claimed = "what is there is judged by this node's database from now on: the next collection finds what is unused, and the one after that removes it";

    private readonly SemaphoreSlim _reclaiming = new(1);
    private (Guid Round, IReadOnlyList<FoundLease> Others) _readable = (Guid.Empty, []); // the round of which all packs could be looked into, and who used the folder then; under _reclaiming

    /// <summary>
    /// Answers what other nodes have announced, after all that this node needs of it was written anew; removes what this node has announced, when all others have answered; announces packs of which
    /// less than half is of use, after the rest was written anew. Goes by what <see cref="PrepareAsync"/> has seen, which is done now when it was not done before.
    /// </summary>
    /// <param name="moved">Told the bytes of each object that is written anew; returns when more may be. Null for no limit.</param>
    /// <exception cref="StoreException">The folder failed. What was done is done, and the rest goes on the next time.</exception>
    public Task<PackReclaim> ReclaimAsync(Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel) => ReclaimAsync(PackRemoval.Own, moved, cancel);

    /// <inheritdoc cref="ReclaimAsync(Func{int, CancellationToken, ValueTask}, CancellationToken)"/>
    /// <param name="removal">What may be removed.</param>
    public async Task<PackReclaim> ReclaimAsync(PackRemoval removal, Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel)
    {
        await _reclaiming.WaitAsync(cancel);
        try
        {
            await MeetAsync(cancel);
            await RequireLeaseAsync(cancel);
            var tally = new ReclaimTally();
            PackIndex index = _index!;
            if (Leases().AreRowsOld || (_isDoubtful && removal == PackRemoval.All))
            {
                // What it answered by these rows could be wrong, too; and the sweep of this very collection went by them.
                tally.Note(removal == PackRemoval.All ? await ClaimAsync(index, cancel) ?? Claimed : OldRows);
                return tally.Finish(UsesOf(OwnLease), Leases().Since);
            }

            await AnswerAsync(index, tally, moved, cancel);
            if (removal == PackRemoval.None) tally.Blockers = BlockersOf(OwnLease);
            else if (_isDoubtful) tally.Note("this node's lease was not as it had left it: it removes nothing until its server is started anew");
            else if (await FinishRoundAsync(index, tally, cancel) && await BeginRoundAsync(index, tally, moved, cancel)) await FinishRoundAsync(index, tally, cancel);
            return tally.Finish(UsesOf(OwnLease), Leases().Since);
        }
        finally
        {
            _reclaiming.Release();
        }
    }

    /// <summary>Says of what others have announced that this node needs nothing of it, and sees to it before.</summary>
    private async Task AnswerAsync(PackIndex index, ReclaimTally tally, Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel)
    {
        ImmutableSortedDictionary<PeerId, Guid> answers = OwnLease.Answers;
        foreach (PackLease other in _others.Select(static found => found.Lease).OfType<PackLease>().Where(static lease => !lease.Doomed.IsEmpty))
        {
            if (OwnLease.HasAnswered(other)) continue;
            index.Doom(other.Doomed);
            if (await FindUnknownAsync(index, other.Doomed, cancel) is { } unknown)
            {
                tally.Note($"{unknown.FileName} is announced to be removed, and what is in it is not known here yet; it is looked into before that is answered");
                continue;
            }

            HashSet<PackId> doomed = [.. other.Doomed];
            index.Recount(doomed, cancel);
            foreach (PackId[] packs in other.Doomed.Chunk(Limits.PacksMovedAtOnce)) await MoveAllAsync(index, packs, tally, moved, cancel);
            if (index.Recount(doomed, cancel).Count == 0) answers = answers.SetItem(other.Node, other.Round);
        }

        // What was answered to somebody who has no such round any more is of no use to anybody.
        answers = answers.RemoveRange(answers.Where(answer => !_others.Any(found => found.Node == answer.Key && (found.Lease is null || found.Lease.Round == answer.Value))).Select(static answer => answer.Key).ToList());
        if (!answers.SequenceEqual(OwnLease.Answers)) await ChangeLeaseAsync(lease => lease with { Answers = answers }, isNewRound: false, cancel);
    }

    /// <summary>A pack that is there and was never looked into, because it was announced before it was listed, or because it cannot be read; null when there is none. The next listing looks into it.</summary>
    private async Task<PackId?> FindUnknownAsync(PackIndex index, IEnumerable<PackId> packs, CancellationToken cancel)
    {
        foreach (PackId pack in packs)
        {
            if (index.FindPack(pack) is not { SizeBytes: > 0 } && await IsThereAsync(pack, cancel)) return pack;
        }

        return null;
    }

    /// <summary>Removes what this node has announced. Returns false while that has to wait.</summary>
    private async Task<bool> FinishRoundAsync(PackIndex index, ReclaimTally tally, CancellationToken cancel)
    {
        if (OwnLease.Doomed.IsEmpty) return true;

        HashSet<PackId>? left = null;
        while (left is not { Count: 0 })
        {
            (DateTimeOffset, long) begin = (_time.GetUtcNow(), _time.GetTimestamp());
            if (await FindBlockersAsync(cancel) is not { } blockers) return false;
            if (OwnLease.Doomed.IsEmpty) return true;
            tally.Blockers = blockers;
            if (blockers.Count > 0) return await LeaveOutUnreadableAsync(index, tally, cancel);
            left ??= FindUnused(index, OwnLease.Doomed, tally, cancel);
            int before = left.Count;
            if (await RemoveAsync(index, left, begin, tally, cancel) && (left.Count == 0 || left.Count < before)) continue;
            tally.Note("this node's lease changed while packs were removed, or could not be read in time; what is left stays until the next collection");
            return false;
        }

        await ChangeLeaseAsync(static done => done with { Round = Guid.Empty, Doomed = [] }, isNewRound: false, cancel);
        return true;
    }

    /// <summary>
    /// Announces those packs alone that can be looked into, in another round: nobody can answer for one whose directory is damaged if it has never looked into it. Such a pack stays, and nobody here counts on anything in it.
    /// </summary>
    /// <returns>Whether nothing is announced any more.</returns>
    private async Task<bool> LeaveOutUnreadableAsync(PackIndex index, ReclaimTally tally, CancellationToken cancel)
    {
        (Guid, IReadOnlyList<FoundLease>) now = (OwnLease.Round, _others);
        if (WasReadableFor(tally.Blockers)) return false;
        List<PackId> readable = await FindReadableAsync(index, OwnLease.Doomed, tally, cancel);
        if (readable.Count == OwnLease.Doomed.Length)
        {
            _readable = now;
            return false;
        }

        await ChangeLeaseAsync(lease => lease with { Round = readable.Count == 0 ? Guid.Empty : NewRound(), Doomed = [.. readable] }, isNewRound: true, cancel);
        tally.Blockers = BlockersOf(OwnLease);
        return readable.Count == 0;
    }

    /// <summary>Whether those who have not answered are away since all announced packs could be looked into: looking costs a call for each pack, and a pack that was damaged since does not keep these from anything.</summary>
    private bool WasReadableFor(IEnumerable<PackBlocker> blockers)
    {
        if (OwnLease.Round != _readable.Round) return false;
        ILookup<PeerId, FoundLease> now = _others.ToLookup(static found => found.Node);
        return blockers.All(blocker => _readable.Others.Any(found => found.Node == blocker.Node && now[blocker.Node].Any(lease => lease.File.AsSpan().SequenceEqual(found.File))));
    }

    /// <summary>Those whose directory can be read now, or that are gone. The others are named.</summary>
    private async Task<List<PackId>> FindReadableAsync(PackIndex index, IEnumerable<PackId> packs, ReclaimTally tally, CancellationToken cancel)
    {
        var readable = new List<PackId>();
        foreach (PackId[] some in packs.Chunk(Limits.PackLookups))
        {
            string?[] problems = await Task.WhenAll(some.Select(pack => FindDamageAsync(pack, index.FindPack(pack)?.SizeBytes ?? 0, cancel)));
            foreach ((PackId pack, string? problem) in some.Zip(problems))
            {
                if (problem is null) readable.Add(pack);
                else tally.Note($"{pack.FileName} is of no use, but its directory cannot be read, so that other nodes cannot say that they need nothing of it: {problem}; it stays until somebody removes the file, and the others go on without it");
            }
        }

        return readable;
    }

    /// <summary>
    /// Those who have not answered, as it is now: whoever has a lease from before the announcement is seen, and who gets one later sees the announcement. Asked twice, for one listing may leave a file out.
    /// Null when this node's own lease is not as it left it.
    /// </summary>
    private async Task<List<PackBlocker>?> FindBlockersAsync(CancellationToken cancel)
    {
        List<PackBlocker> blockers = [];
        for (int listings = 0; listings < 2 && blockers.Count == 0; listings++)
        {
            if (listings > 0) await Task.Delay(Limits.LeaseListingsApart, _time, cancel);
            PackLease lease = await CheckLeaseAsync(cancel);
            if (_isDoubtful) return null;
            blockers = BlockersOf(lease);
            if (lease.Doomed.IsEmpty) break;
        }

        return blockers;
    }

    private static HashSet<PackId> FindUnused(PackIndex index, IReadOnlyCollection<PackId> doomed, ReclaimTally tally, CancellationToken cancel)
    {
        HashSet<PackId> used = index.Recount(doomed.ToHashSet(), cancel);
        foreach (PackId pack in used) tally.Note($"{pack.FileName} was announced to be removed, but something in it is needed; it stays");
        return [.. doomed.Where(pack => !used.Contains(pack))];
    }

    /// <summary>
    /// Removes packs, and takes them from the set, for as long as what was found out before may still be true: a machine that slept in between may have been given up by the others. Looked at before each,
    /// so that one that falls asleep has one removal under way at most.
    /// </summary>
    /// <param name="begin">When it was looked who has answered.</param>
    /// <returns>False when this node's lease is not as it was.</returns>
    private async Task<bool> RemoveAsync(PackIndex index, HashSet<PackId> packs, (DateTimeOffset Utc, long Timestamp) begin, ReclaimTally tally, CancellationToken cancel)
    {
        foreach (PackId pack in packs.ToList())
        {
            if (!await Leases().IsOwnThereAsync(cancel)) return false;
            if ((_time.GetUtcNow() - begin.Utc).Duration() > Limits.LeaseAgeMax || _time.GetElapsedTime(begin.Timestamp) > Limits.LeaseAgeMax) return true; // looked at anew
            PackUse use = index.FindPack(pack) ?? default;
            if (await _folder.DeleteAsync(pack.FileName, cancel)) tally.Remove(use.SizeBytes);
            index.RemovePack(pack);
            packs.Remove(pack);
        }

        return true;
    }

    /// <summary>Announces packs that are mostly of no use, after what is needed of them was written anew. Returns false when there are none.</summary>
    private async Task<bool> BeginRoundAsync(PackIndex index, ReclaimTally tally, Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel)
    {
        Func<PackId, bool> isCollected = Collected(index);
        HashSet<PackId> announced = [.. _others.SelectMany(static found => found.Lease?.Doomed ?? [])];
        List<PackId> worthless = [.. index.ListPacks().Where(pack => pack.Use.IsMostlyEmpty && isCollected(pack.Id) && !announced.Contains(pack.Id)).Select(static pack => pack.Id).Take(Limits.DoomedPacks)];
        index.Recount(worthless.ToHashSet(), cancel);
        worthless.RemoveAll(pack => index.FindPack(pack) is not { IsMostlyEmpty: true });
        var doomed = new List<PackId>();
        foreach (PackId[] packs in worthless.Chunk(Limits.PacksMovedAtOnce))
        {
            await MoveAllAsync(index, packs, tally, moved, cancel);
            doomed.AddRange(packs.Where(index.TryDoom));
        }

        // Nothing gets into them any more. What a row said too little about stays doomed, and is moved by the next round.
        HashSet<PackId> used = index.Recount(doomed.ToHashSet(), cancel);
        List<PackId> unused = [.. doomed.Where(pack => !used.Contains(pack))];
        ImmutableArray<PackId> free = [.. _others.Count == 0 ? unused : await FindReadableAsync(index, unused, tally, cancel)];
        if (free.IsEmpty) return false;
        await ChangeLeaseAsync(lease => lease with { Round = NewRound(), Doomed = free }, isNewRound: true, cancel);
        return true;
    }

    /// <summary>Those who have not said yet that they need nothing of what is announced.</summary>
    private List<PackBlocker> BlockersOf(PackLease collector) =>
        collector.Doomed.IsEmpty ? [] : [.. _others.Where(found => found.Lease?.HasAnswered(collector) != true).Select(static found => new PackBlocker(found.Node, found.Problem))];

    private List<PackUse> UsesOf(PackLease lease) => [.. lease.Doomed.Select(pack => _index!.FindPack(pack) ?? default)];

    private Guid NewRound()
    {
        Span<byte> random = stackalloc byte[16];
        _entropy.Fill(random);
        return new Guid(random);
    }
}
