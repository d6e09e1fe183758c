using System.Buffers;
using Bazil.Core;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Collection;

/// <summary>Reads from the own stores of all machines, and keeps nothing.</summary>
internal sealed class AnyObjects(World world) : IObjectStore
{
    public string Name => "all";

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (Replica replica in world.Replicas)
        {
            if (await replica.OwnObjects.GetAsync(id, cancel) is { } found) return found;
        }

        return null;
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (Replica replica in world.Replicas)
        {
            if (await replica.OwnObjects.HasAsync(id, cancel)) return true;
        }

        return false;
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => throw new StoreException("only read");

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => throw new StoreException("only read");

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
