using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.StoreBench;

/// <summary>Costs nothing, so that what is measured is the pipeline before it: puts are dropped, or kept when asked to, for gets.</summary>
internal sealed class HeldStore(bool keep) : IObjectStore
{
    private readonly ConcurrentDictionary<ObjectId, Held> _objects = new();

    public string Name => "held";

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) =>
        ValueTask.FromResult<IMemoryOwner<byte>?>(_objects.GetValueOrDefault(id));

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        if (keep) _objects[id] = new Held(buffer.ToArray());
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromResult(_objects.ContainsKey(id));

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => ValueTask.FromResult(_objects.TryRemove(id, out _));

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => _objects.Keys.ToAsyncEnumerable();

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Held(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
            // Kept for the next get.
        }
    }
}
