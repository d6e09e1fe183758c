using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Collection;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Eviction;

/// <summary>
/// Answers peers that want objects of this node's store to be held. Why a hold that was granted is kept (docs/cache.md, "Holds"): it is noted in memory first, then hit. An eviction or collection that begins after the note marks
/// what is held; one that runs already is told by the hit, as of any other. Safe for concurrent use.
/// </summary>
/// <param name="store">This node's own store.</param>
/// <param name="holds">Where promises are kept.</param>
/// <param name="self">Of two nodes that both want to evict an object, the one with the lower id keeps it.</param>
/// <param name="keeps">Whether this node keeps what a claim of a peer is about when the hold is over: nothing is held otherwise, as the copy would be counted and collected.</param>
public sealed class HoldGranter(CollectingObjectStore store, ObjectHolds holds, PeerId self, Func<PeerId, HoldClaim, CancellationToken, ValueTask<bool>> keeps)
{
    /// <summary>Holds what is there. On return the promise, and what it is about, are durable.</summary>
    /// <returns>In the order of the ids. All are absent when this node does not keep what the claim is about.</returns>
    /// <exception cref="StoreException">The store failed: nothing more is promised than before.</exception>
    public async Task<HoldAnswer[]> HoldAsync(PeerId peer, HoldTicket ticket, HoldClaim claim, IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        var answers = new HoldAnswer[ids.Count];
        if (!await keeps(peer, claim, cancel))
        {
            Array.Fill(answers, HoldAnswer.Absent);
            return answers;
        }

        if (!holds.TryBegin(peer, ticket, ids))
        {
            Array.Fill(answers, HoldAnswer.Full);
            return answers;
        }

        var held = new List<ObjectId>(ids.Count);
        try
        {
            for (int index = 0; index < answers.Length; index++)
            {
                answers[index] = await AnswerAsync(peer, ids[index], cancel);
                if (answers[index] == HoldAnswer.Held) held.Add(ids[index]);
            }

            // What is promised may have been put a moment ago.
            if (held.Count > 0) await store.SyncAsync(cancel);
        }
        catch
        {
            holds.Abandon(peer, ticket);
            throw;
        }

        holds.Commit(peer, ticket, held);
        return answers;
    }

    /// <summary>The peer needs it no more.</summary>
    public void Release(in PeerId peer, HoldTicket ticket) => holds.Release(peer, ticket);

    private async ValueTask<HoldAnswer> AnswerAsync(PeerId peer, ObjectId id, CancellationToken cancel)
    {
        // Both hold on to it otherwise, which is safe, and get nowhere.
        if (store.IsEvicting(id) && self.CompareTo(peer) > 0) return HoldAnswer.Leaving;
        return await store.TouchAsync(id, cancel) && await IsReadableAsync(id, cancel) ? HoldAnswer.Held : HoldAnswer.Absent;
    }

    /// <summary>Whether the store can read it, and its checksum is right: a copy that nobody can read is none. One object at a time is in memory; the peer could as well fetch it.</summary>
    private async ValueTask<bool> IsReadableAsync(ObjectId id, CancellationToken cancel)
    {
        try
        {
            using IMemoryOwner<byte>? found = await store.GetAsync(id, cancel);
            return found is not null;
        }
        catch (CorruptObjectException)
        {
            return false; // the store has set it aside, and a scrub names it
        }
    }
}
