using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>A store in memory that tells what was asked of it, and can be held up or made to fail.</summary>
internal sealed class TestStore : IObjectStore
{
    private int _syncs;

    public ConcurrentDictionary<ObjectId, byte[]> Objects { get; } = [];

    public ConcurrentQueue<string> Calls { get; } = [];

    public int Syncs => Volatile.Read(ref _syncs);

    /// <summary>Runs before each operation, with its name.</summary>
    public Func<string, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public string Name => "test";

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        await EnterAsync("get", cancel);
        return Objects.TryGetValue(id, out var bytes) ? new Owner(bytes) : null;
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        await EnterAsync("put", cancel);
        Objects[id] = buffer.ToArray();
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        await EnterAsync("has", cancel);
        return Objects.ContainsKey(id);
    }

    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        await EnterAsync("delete", cancel);
        return Objects.TryRemove(id, out _);
    }

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => Objects.Keys.ToAsyncEnumerable();

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await EnterAsync("sync", cancel);
        Interlocked.Increment(ref _syncs);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task EnterAsync(string call, CancellationToken cancel)
    {
        Calls.Enqueue(call);
        return Before(call, cancel);
    }

    private sealed class Owner(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
        }
    }
}
