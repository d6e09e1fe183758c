using System.Buffers;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Storages;

/// <summary>
/// The storage that a peer lets us use, through whatever connection there is at the moment. Connects when first used; an unreachable
/// peer is a <see cref="StoreException"/> that names it. Disposing it does nothing: the connection belongs to others.
/// </summary>
internal sealed class PeerOfferStore(PeerId peer, PeerId self, IPeerConnections connections, IMetadataStore metadata, Action<ObjectId> putting, IEntropy entropy, TimeProvider time) : IObjectStore, IPeerPuts
{
    public string Name { get; } = $"peerkey:{peer}";

    /// <summary>What of that which this node put there nothing refers to.</summary>
    public PeerFossils Fossils { get; } = new(metadata, peer);

    /// <summary>Whether this node's rows are older than what it put there.</summary>
    public PeerMarks Marks { get; } = new(metadata, PeerFossils.StoreIdOf(peer), self, entropy, time);

    private PeerObjectStore Current
    {
        get
        {
            try
            {
                return connections.Get(peer).Store;
            }
            catch (CommandFailedException e)
            {
                throw new StoreException(e.Message, e);
            }
        }
    }

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => Current.GetAsync(id, cancel);

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        PeerObjectStore store = Current; // no mark is begun while the peer is known to be away
        await Marks.RequireAsync(async mark => await PutMarkAsync(mark, cancel), async old => await store.DiscardAsync(old, cancel), cancel);
        putting(id); // a collection that looks for garbage there at this moment finds the mark, or this put finds the fossil
        await Fossils.RestoreAsync(id, cancel);
        await store.PutAsync(id, buffer, cancel);
    }

    /// <inheritdoc/>
    public ValueTask PutMarkAsync(ObjectId id, CancellationToken cancel) => Current.PutAsync(id, id.Span.ToArray(), cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => Current.HasAsync(id, cancel);

    /// <summary>
    /// Never a hit. The peer may have it in its own store only, whose garbage it collects: it learns of what refers to it here too late, or never.
    /// What we put lies apart there, and is kept.
    /// </summary>
    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => new(false);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => Current.DeleteAsync(id, cancel);

    /// <inheritdoc cref="PeerObjectStore.DiscardAsync"/>
    public ValueTask<int> DiscardAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel) => Current.DiscardAsync(ids, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => Current.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => Current.SyncAsync(cancel);

    /// <inheritdoc cref="PeerObjectStore.HoldAsync"/>
    public ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, HoldClaim claim, IReadOnlyList<ObjectId> ids, CancellationToken cancel) => Current.HoldAsync(ticket, claim, ids, cancel);

    /// <inheritdoc cref="PeerObjectStore.ReleaseAsync"/>
    public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => Current.ReleaseAsync(ticket, cancel);

    /// <inheritdoc cref="PeerObjectStore.HasManyAsync"/>
    public ValueTask<IReadOnlyList<bool>> HasManyAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel) => Current.HasManyAsync(ids, cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
