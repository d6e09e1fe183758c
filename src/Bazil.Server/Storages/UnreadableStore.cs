using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Server.Storages;

/// <summary>The store at an address that this version cannot read: everything but a sync of nothing fails, with a name. So one bad row takes one storage away, and not the node.</summary>
internal sealed class UnreadableStore(string address) : IObjectStore
{
    public string Name => address;

    private StoreException Failure => new($"storage {address} is not used: this version cannot read its address; remove the storage and add it again");

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromException<IMemoryOwner<byte>?>(Failure);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => ValueTask.FromException(Failure);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromException<bool>(Failure);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromException<bool>(Failure);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => throw Failure;

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
