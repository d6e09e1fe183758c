using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>The own stores of all machines but one, for reading.</summary>
internal sealed class OtherObjects(World world, Replica self) : IObjectStore
{
    public string Name => "others";

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (Replica other in world.Replicas.Where(other => other != self))
        {
            if (await other.OwnObjects.GetAsync(id, cancel) is { } found) return found;
        }

        return null;
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (Replica other in world.Replicas.Where(other => other != self))
        {
            if (await other.OwnObjects.HasAsync(id, cancel)) return true;
        }

        return false;
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => throw new StoreException("others are only read");

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => throw new StoreException("others are only read");

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => throw new StoreException("others are only read");

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
