using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Server.Peers;

/// <summary>
/// What one peer sees of this node's storage. It reads from the storage it was allowed and from what it put itself; what it puts
/// goes to a store of its own, because nobody here has verified it: an object of ours is never replaced or hidden by one of a peer.
/// Disposing it does nothing: the stores belong to others.
/// </summary>
internal sealed class OfferedStore(string name, IReadOnlyList<IObjectStore> allowed, IObjectStore own) : IObjectStore
{
    public string Name => name;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (IObjectStore store in allowed)
        {
            if (await store.GetAsync(id, cancel) is { } found) return found;
        }

        return await own.GetAsync(id, cancel);
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => own.PutAsync(id, buffer, cancel);

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (IObjectStore store in allowed)
        {
            if (await store.HasAsync(id, cancel)) return true;
        }

        return await own.HasAsync(id, cancel);
    }

    /// <summary>Peers cannot delete: other members may rely on the object.</summary>
    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) =>
        throw new StoreException($"store {name} does not let peers delete objects");

    /// <summary>Lists what the peer itself put. The ids of other objects are none of its business: it knows those it needs.</summary>
    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (ObjectId id in own.ListAsync(cancel)) yield return id;
    }

    public ValueTask SyncAsync(CancellationToken cancel) => own.SyncAsync(cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
