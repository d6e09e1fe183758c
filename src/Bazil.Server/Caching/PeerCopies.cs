using Bazil.Core;
using Bazil.Server.Storages;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Caching;

/// <summary>The copies that a peer has in its own store. It promises what it is asked to hold.</summary>
internal sealed class PeerCopies(string name, PeerOfferStore store) : ICountedStore
{
    public string Name => name;

    public ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel) => store.HoldAsync(ticket, ids, cancel);

    public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => store.ReleaseAsync(ticket, cancel);

    public ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel) => store.HasManyAsync(ids, cancel);
}
