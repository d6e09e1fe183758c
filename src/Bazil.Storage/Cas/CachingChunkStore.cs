using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Buffers;

namespace Bazil.Storage.Cas;

/// <summary>
/// A chunk store with a cache before it. Readers of one missing chunk share one fetch, which is given up when the last of
/// them is cancelled. Pointer chunks are also cached when they are written. Buffers it returns are shared: they must not be
/// written to. Does not own its parts. Safe for concurrent use.
/// </summary>
public sealed class CachingChunkStore(IChunkStore inner, ChunkCache cache) : IChunkStore
{
    private readonly Lock _lock = new(); // guards _flights and their counts; before the cache's
    private readonly Dictionary<ChunkCache.Name, Flight> _flights = [];

    public async ValueTask<ChunkKey> PutAsync(ChunkType type, byte level, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        ChunkKey key = await inner.PutAsync(type, level, buffer, cancel);
        if (level > 0 && !key.IsZero)
        {
            int sizeBytes = ChunkHash.Trim(buffer.Span).Length;
            IMemoryOwner<byte> copy = BufferPool.Shared.Rent(sizeBytes);
            buffer[..sizeBytes].CopyTo(copy.Memory);
            cache.Add(new ChunkCache.Name(this, type, level, key, buffer.Length), copy, leaseCount: 0);
        }

        return key;
    }

    public ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        if (key.IsZero) return ValueTask.FromResult<IMemoryOwner<byte>>(EmptyBuffer.Instance);
        var name = new ChunkCache.Name(this, type, level, key, sizeBytesMax);
        if (cache.TryGet(name) is { } lease) return ValueTask.FromResult(lease);
        return FetchAsync(name, isAhead: false, cancel);
    }

    /// <summary>The room for what is fetched ahead, of all that use the cache.</summary>
    public ReadAheadRoom AheadRoom => cache.AheadRoom;

    /// <summary>Brings a chunk into the cache for a reader who will want it, until it cancels and leaves <see cref="AheadRoom"/>.</summary>
    public async ValueTask FetchAheadAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        if (!IsCached(type, level, key, sizeBytesMax)) (await FetchAsync(new ChunkCache.Name(this, type, level, key, sizeBytesMax), isAhead: true, cancel)).Dispose();
    }

    public ValueTask<bool> HasHereAsync(ChunkType type, byte level, ChunkKey key, CancellationToken cancel) => inner.HasHereAsync(type, level, key, cancel);

    /// <summary>True when a get of this chunk would be answered from memory.</summary>
    public bool IsCached(ChunkType type, byte level, in ChunkKey key, int sizeBytesMax) =>
        key.IsZero || cache.Contains(new ChunkCache.Name(this, type, level, key, sizeBytesMax));

    public ValueTask SyncAsync(CancellationToken cancel) => inner.SyncAsync(cancel);

    private async ValueTask<IMemoryOwner<byte>> FetchAsync(ChunkCache.Name name, bool isAhead, CancellationToken cancel)
    {
        Flight? flight;
        bool isFirst;
        lock (_lock)
        {
            isFirst = !_flights.TryGetValue(name, out flight);
            if (isFirst) _flights.Add(name, flight = new Flight());
            flight!.WaiterCount++;
            if (isAhead) flight.Ahead = cancel;
            flight.IsRead |= !isAhead;
        }

        if (isFirst) flight.Work = FlyAsync(name, flight);
        try
        {
            await flight.Landed.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Leave(name, flight);
            throw;
        }

        lock (_lock) return flight.Leases!.Pop();
    }

    /// <summary>Fetches for all waiters. Never throws: what goes wrong is theirs to hear.</summary>
    private async Task FlyAsync(ChunkCache.Name name, Flight flight)
    {
        try
        {
            IMemoryOwner<byte> plaintext = await inner.GetAsync(name.Type, name.Level, name.Key, name.SizeBytesMax, flight.Cancel.Token);
            lock (_lock)
            {
                Remove(name, flight);
                flight.Leases = new Stack<IMemoryOwner<byte>>(cache.Add(name, plaintext, flight.WaiterCount, flight.Ahead, flight.IsRead));
            }

            flight.Landed.SetResult();
        }
        catch (Exception exception)
        {
            lock (_lock) Remove(name, flight);
            flight.Landed.SetException(exception);
        }
    }

    /// <summary>A waiter gave up: its lease goes back if the chunk has arrived, and the fetch ends if nobody is left.</summary>
    private void Leave(in ChunkCache.Name name, Flight flight)
    {
        lock (_lock)
        {
            if (flight.Leases is { } leases)
            {
                leases.Pop().Dispose();
                return;
            }

            if (--flight.WaiterCount > 0) return;
            Remove(name, flight);
        }

        flight.Cancel.Cancel();
    }

    private void Remove(in ChunkCache.Name name, Flight flight)
    {
        if (_flights.TryGetValue(name, out Flight? current) && current == flight) _flights.Remove(name);
    }

    /// <summary>One fetch and those who wait for it.</summary>
    private sealed class Flight
    {
        public CancellationTokenSource Cancel { get; } = new();

        public TaskCompletionSource Landed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The fetch itself; it ends by completing <see cref="Landed"/> and never fails.</summary>
        public Task? Work { get; set; }

        public int WaiterCount { get; set; }

        /// <summary>Of the last stream that has asked for it ahead of its reader.</summary>
        public CancellationToken? Ahead { get; set; }

        /// <summary>A reader waits, or has waited, for it.</summary>
        public bool IsRead { get; set; }

        /// <summary>One for each waiter, once the chunk has arrived.</summary>
        public Stack<IMemoryOwner<byte>>? Leases { get; set; }
    }
}
