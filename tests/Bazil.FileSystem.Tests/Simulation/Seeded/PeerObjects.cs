using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>The stores of the machines that can be reached now, for reading.</summary>
internal sealed class PeerObjects(Machine self, IReadOnlyList<Machine> machines, Network network) : IObjectStore
{
    public string Name => "peers";

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        foreach (Machine other in machines.Where(other => other != self))
        {
            if (!other.IsUp || !network.IsOpen(self, other)) continue;
            if (await other.Disk.GetAsync(id, cancel) is { } found) return found;
        }

        if (machines.Any(other => other != self && !(other.IsUp && network.IsOpen(self, other)))) throw new StoreException("a peer is away") { IsUnreachable = true };
        return null;
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        using IMemoryOwner<byte>? found = await GetAsync(id, cancel);
        return found is not null;
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => throw new StoreException("peers are only read");

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => throw new StoreException("peers are only read");

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await ValueTask.CompletedTask;
        yield break;
    }

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
