using Bazil.Core;
using Bazil.Storage.Eviction;

namespace Bazil.Storage.Collection;

/// <content>Objects that others have, too, and that go although something refers to them. The same rule about hits as for fossils.</content>
public sealed partial class CollectingObjectStore
{
    private volatile HashSet<ObjectId>? _evicting;

    /// <summary>Whether the eviction that runs wants to delete the object and asks others about it now.</summary>
    public bool IsEvicting(in ObjectId id) => _evicting is { } evicting && evicting.Contains(id);

    /// <summary>
    /// Begins an eviction: from now on puts and hits are marked, and what others hold is. The caller keeps what must stay, deletes, and disposes the result in any case, which ends it. Not while a collection runs.
    /// </summary>
    /// <param name="expectedCount">About how many ids will be kept.</param>
    public ObjectEviction BeginEviction(long expectedCount = 0) => new(this, Begin(isDryRun: true, expectedCount));

    internal void Offer(IEnumerable<ObjectId> ids)
    {
        HashSet<ObjectId> offered = [.. ids];
        _evicting = offered.Count == 0 ? null : offered;
    }

    /// <summary>Deletes an object unless it is marked. As with a fossil: it is made known as one that may go, with a full fence, before the marks are looked at, and then under its stripe.</summary>
    internal async ValueTask<bool> TryEvictAsync(ObjectId id, ObjectFilter marks, CancellationToken cancel)
    {
        Fossils.Add(id);
        Interlocked.MemoryBarrier();
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            return !marks.MayContain(id) && await _inner.DeleteAsync(id, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }
}
