using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>
/// A content-addressed store of sealed objects: local disk, memory, a peer, S3, SFTP, or a wrapper around others.
/// It sees only ids and opaque bytes.
/// <para>Contract, checked by <c>ObjectStoreContract</c> for every implementation:</para>
/// <list type="bullet">
/// <item>All methods may be called concurrently, be cancelled at any point, and be retried: a put of an id that exists succeeds.</item>
/// <item>A put is all or nothing: a reader sees the whole object or none, also after a crash.</item>
/// <item>Nothing is durable before <see cref="SyncAsync"/> (or dispose) returned, unless the store says more.</item>
/// <item>The environment's failures are <see cref="StoreException"/>s that name the store and the object; corruption is
/// <see cref="CorruptObjectException"/>, never "not found".</item>
/// </list>
/// </summary>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>A name for messages, such as <c>local</c> or <c>peerkey:…</c>.</summary>
    string Name { get; }

    /// <summary>Returns the object, or null when the store does not have it. The caller disposes the buffer; its Memory has exactly the object's length.</summary>
    ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel);

    /// <summary>Stores an object. The buffer is lent until the task completes.</summary>
    ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel);

    /// <summary>Whether the store has the object at this moment. Promises nothing: <see cref="TouchAsync"/> does.</summary>
    ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel);

    /// <summary>
    /// A hit: returns true when the store has the object, and then it counts as put by this call. A collection of garbage does not
    /// take it before the caller could name it in a row (<c>docs/gc.md</c>), and the next <see cref="SyncAsync"/> makes it durable.
    /// Whoever leaves out a put because the object is there asks with this.
    /// </summary>
    ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => HasAsync(id, cancel);

    /// <summary>The length of an object in bytes, or null when the store does not have it. Its content is not looked at where that can be avoided.</summary>
    async ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel)
    {
        using IMemoryOwner<byte>? found = await GetAsync(id, cancel);
        return found?.Memory.Length;
    }

    /// <summary>Removes an object; returns false when there was none.</summary>
    ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel);

    /// <summary>Lists all ids in no particular order. Objects put or deleted meanwhile may or may not appear.</summary>
    IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel);

    /// <summary>On return, everything whose put returned before this call survives power loss.</summary>
    ValueTask SyncAsync(CancellationToken cancel);
}
