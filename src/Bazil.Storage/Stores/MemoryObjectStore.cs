using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Buffers;

namespace Bazil.Storage.Stores;

/// <summary>Objects in the memory of this process, gone with it. For tests, examples and simulation.</summary>
public sealed class MemoryObjectStore(string name) : IObjectStore
{
    private readonly ConcurrentDictionary<ObjectId, byte[]> _objects = new();

    public string Name { get; } = name;

    public int Count => _objects.Count;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!_objects.TryGetValue(id, out byte[]? bytes)) return ValueTask.FromResult<IMemoryOwner<byte>?>(null);
        IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(bytes.Length);
        bytes.CopyTo(buffer.Memory);
        return ValueTask.FromResult<IMemoryOwner<byte>?>(buffer);
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!_objects.TryGetValue(id, out byte[]? existing) || !buffer.Span.SequenceEqual(existing)) _objects[id] = buffer.ToArray();
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_objects.ContainsKey(id));
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_objects.TryRemove(id, out _));
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (KeyValuePair<ObjectId, byte[]> entry in _objects)
        {
            cancel.ThrowIfCancellationRequested();
            yield return entry.Key;
        }

        await ValueTask.CompletedTask;
    }

    public ValueTask SyncAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
