using System.Numerics;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Eviction;

/// <summary>
/// Evicts objects a thousand at a time: asks the stores that count for holds, deletes what enough of them hold, and releases the holds. However it ends, of each object that is gone so many copies are left as the rule says; a hold that
/// was not released expires. Belongs to one caller.
/// </summary>
/// <param name="eviction">The run; what it keeps stays.</param>
/// <param name="stores">Those that count, the cheapest to ask first.</param>
/// <param name="copies">So many of them must hold an object; at least 1.</param>
/// <param name="required">Bits of the stores that must be among them.</param>
/// <param name="entropy">For tickets.</param>
/// <param name="time">Holds are used only for a while, by its timestamps and by its time of day: a machine that slept sees it by one of them.</param>
public sealed class EvictionRound(ObjectEviction eviction, IReadOnlyList<ICountedStore> stores, int copies, ulong required, IEntropy entropy, TimeProvider time)
{
    /// <summary>Whether to go on: asked before objects are deleted.</summary>
    public Func<bool> MayGoOn { get; init; } = static () => true;

    /// <summary>Only finds out what would be done: the stores promise nothing.</summary>
    public bool IsDryRun { get; init; }

    /// <param name="candidates">At most <see cref="EvictionLimits.IdsPerHold"/>, each object once.</param>
    /// <exception cref="StoreException">This node's own store failed.</exception>
    public async Task RunAsync(IReadOnlyList<EvictionCandidate> candidates, EvictionReport report, CancellationToken cancel)
    {
        Invariant.Check(copies >= 1 && stores.Count <= EvictionLimits.StoresMax && candidates.Count <= EvictionLimits.IdsPerHold);
        var ballot = new Ballot(candidates, stores.Count);
        var ticket = HoldTicket.Random(entropy);
        long began = time.GetTimestamp();
        DateTimeOffset beganAt = time.GetUtcNow();
        var asked = new List<ICountedStore>();
        eviction.Offer(candidates.Select(static candidate => candidate.Id));
        try
        {
            // Those that are required first: when one of them refuses, nobody else need be asked.
            foreach (int store in Enumerable.Range(0, stores.Count).OrderByDescending(store => (required >> store) & 1)) await AskAsync(store, ballot, ticket, asked, cancel);
            foreach ((EvictionCandidate candidate, int index) in candidates.Select(static (candidate, index) => (candidate, index)))
            {
                cancel.ThrowIfCancellationRequested();
                if (WhyNot(ballot, index) is { } reason) report.AddKept(reason, candidate.SizeBytes);
                else if (!MayGoOn()) report.AddKept("what is pinned, or a volume's policy or storages, has changed meanwhile; try again", candidate.SizeBytes);
                else if (IsOver(began, beganAt)) report.AddKept("the other stores took too long to answer", candidate.SizeBytes);
                else if (IsDryRun ? !eviction.IsKept(candidate.Id) : await eviction.TryDeleteAsync(candidate.Id, cancel)) report.AddEvicted(candidate.SizeBytes);
                else report.AddKept("in use", candidate.SizeBytes);
            }
        }
        finally
        {
            eviction.Offer([]);
            foreach (ICountedStore store in asked) await ReleaseAsync(store, ticket);
        }
    }

    private async Task AskAsync(int store, Ballot ballot, HoldTicket ticket, List<ICountedStore> asked, CancellationToken cancel)
    {
        int[] wanted = [.. Enumerable.Range(0, ballot.Count).Where(index => ballot.IsOpen(index, store) && !IsLost(ballot, index) && (IsRequired(store) || BitOperations.PopCount(ballot.HeldBy(index)) < copies))];
        if (wanted.Length == 0) return;
        ObjectId[] ids = [.. wanted.Select(ballot.IdOf)];
        try
        {
            IReadOnlyList<HoldAnswer> answers;
            if (IsDryRun)
            {
                answers = [.. (await stores[store].LookAsync(ids, cancel)).Select(static has => has ? HoldAnswer.Held : HoldAnswer.Absent)];
            }
            else
            {
                asked.Add(stores[store]);
                answers = await stores[store].HoldAsync(ticket, ids, cancel);
            }

            if (answers.Count != ids.Length) throw new StoreException($"store {stores[store].Name} answered about other objects");
            for (int index = 0; index < wanted.Length; index++) ballot.Note(wanted[index], store, answers[index]);
        }
        catch (StoreException e)
        {
            // It counts for nothing now; others may suffice.
            ballot.NoteFailed(wanted, store, e.Message);
        }
    }

    private bool IsRequired(int store) => ((required >> store) & 1) != 0;

    /// <summary>Whatever others say, it stays.</summary>
    private bool IsLost(Ballot ballot, int index) => (required & ~(ballot.HeldBy(index) | ballot.OpenAt(index))) != 0 || BitOperations.PopCount(ballot.HeldBy(index) | ballot.OpenAt(index)) < copies;

    private string? WhyNot(Ballot ballot, int index)
    {
        if (stores.Count > 0 && stores.Count < copies) return $"{copies} other copies are asked for, and there {(stores.Count == 1 ? "is only 1 other store that counts" : $"are only {stores.Count} other stores that count")}";
        ulong held = ballot.HeldBy(index), missing = required & ~held;
        if (missing != 0) return ballot.WhyNot(index, BitOperations.TrailingZeroCount(missing), stores);
        int count = BitOperations.PopCount(held);
        if (count >= copies) return null;
        ulong refused = ~held & ((1UL << stores.Count) - 1);
        string first = refused == 0 ? "there is no other store that counts" : ballot.WhyNot(index, BitOperations.TrailingZeroCount(refused), stores);
        return copies == 1 && stores.Count <= 1 ? first : $"{count} of {copies} other copies: {first}";
    }

    private bool IsOver(long began, DateTimeOffset beganAt) => time.GetElapsedTime(began) > EvictionLimits.HoldUse || (time.GetUtcNow() - beganAt).Duration() > EvictionLimits.HoldUse;

    private async Task ReleaseAsync(ICountedStore store, HoldTicket ticket)
    {
        try
        {
            using var patience = new CancellationTokenSource(EvictionLimits.ReleasePatience, time);
            await store.ReleaseAsync(ticket, patience.Token);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // The hold expires.
        }
    }

    /// <summary>Who holds what.</summary>
    private sealed class Ballot(IReadOnlyList<EvictionCandidate> candidates, int storeCount)
    {
        private readonly ulong[] _held = new ulong[candidates.Count];
        private readonly ulong[] _open = [.. candidates.Select(candidate => candidate.Countable & ((1UL << storeCount) - 1))];
        private readonly HoldAnswer[,] _answers = new HoldAnswer[candidates.Count, storeCount];
        private readonly string?[] _failures = new string?[storeCount];

        public int Count => candidates.Count;

        public ObjectId IdOf(int index) => candidates[index].Id;

        public ulong HeldBy(int index) => _held[index];

        /// <summary>Stores that may count for it and have not been asked.</summary>
        public ulong OpenAt(int index) => _open[index];

        public bool IsOpen(int index, int store) => ((_open[index] >> store) & 1) != 0;

        public void Note(int index, int store, HoldAnswer answer)
        {
            _open[index] &= ~(1UL << store);
            _answers[index, store] = answer;
            if (answer == HoldAnswer.Held) _held[index] |= 1UL << store;
        }

        public void NoteFailed(IEnumerable<int> asked, int store, string reason)
        {
            _failures[store] = reason;
            foreach (int index in asked) _open[index] &= ~(1UL << store);
        }

        public string WhyNot(int index, int store, IReadOnlyList<ICountedStore> stores)
        {
            string name = stores[store].Name;
            if (((candidates[index].Countable >> store) & 1) == 0) return $"{name} does not know of it yet";
            if (_failures[store] is { } failure) return $"{name} could not be asked: {failure}";
            if (IsOpen(index, store)) return $"{name} was not asked"; // another one had refused already
            return _answers[index, store] switch
            {
                HoldAnswer.Leaving => $"{name} is evicting it itself",
                HoldAnswer.Full => $"{name} holds as much for this node as it may",
                _ => $"{name} does not have it",
            };
        }
    }
}
