using Bazil.Core;
using Bazil.Server.Storages;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Caching;

/// <summary>The copies that a peer has in its own store. It promises what it is asked to hold.</summary>
/// <param name="claim">About the objects that are asked about next.</param>
internal sealed class PeerCopies(string name, PeerOfferStore store, Func<HoldClaim> claim) : ICountedStore
{
    public string Name => name;

    public ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel) => store.HoldAsync(ticket, claim(), ids, cancel);

    public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => store.ReleaseAsync(ticket, cancel);

    public ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel) => store.HasManyAsync(ids, cancel);
}
