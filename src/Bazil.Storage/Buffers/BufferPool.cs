using System.Buffers;
using System.Numerics;

namespace Bazil.Storage.Buffers;

/// <summary>
/// Zeroed buffers from 4 KiB to 8 MiB in pinned memory that the collector never moves, kept for reuse and cleared when they
/// come back, for they held plaintext. Larger ones are made and dropped. Safe for concurrent use.
/// </summary>
public sealed class BufferPool
{
    private const int SmallestSizeBytes = 4096;
    private const int ClassCount = 12; // 4 KiB << 11 is 8 MiB

    /// <summary>Room for the header and tag of an object, so that a sealed chunk fits the class of its plaintext.</summary>
    private const int SlackBytes = 64;

    /// <summary>What one size class keeps for reuse: a few read-aheads of chunks, small beside the caches.</summary>
    private const int RetainedBytesMax = 16 * 1024 * 1024;

    private readonly SizeClass[] _classes = [.. Enumerable.Range(0, ClassCount).Select(shift => new SizeClass((SmallestSizeBytes << shift) + SlackBytes))];

    public static BufferPool Shared { get; } = new();

    /// <summary>Returns a buffer of exactly this size, all zeros. The caller disposes it, once.</summary>
    public IMemoryOwner<byte> Rent(int sizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeBytes);
        int blocks = Math.Max(1, (sizeBytes - SlackBytes + SmallestSizeBytes - 1) / SmallestSizeBytes);
        int shift = BitOperations.Log2((uint)(2 * blocks) - 1);
        return shift < ClassCount
            ? new PooledBuffer(_classes[shift], _classes[shift].Take(), sizeBytes)
            : new PooledBuffer(null, GC.AllocateArray<byte>(sizeBytes, pinned: true), sizeBytes);
    }

    private sealed class SizeClass(int capacity)
    {
        private readonly Lock _lock = new(); // guards _free; innermost
        private readonly Stack<byte[]> _free = [];

        public byte[] Take()
        {
            lock (_lock)
            {
                if (_free.TryPop(out byte[]? buffer)) return buffer;
            }

            return GC.AllocateArray<byte>(capacity, pinned: true);
        }

        public void Return(byte[] buffer)
        {
            lock (_lock)
            {
                if ((long)_free.Count * capacity < RetainedBytesMax) _free.Push(buffer);
            }
        }
    }

    private sealed class PooledBuffer(SizeClass? home, byte[] buffer, int sizeBytes) : IMemoryOwner<byte>
    {
        private byte[]? _buffer = buffer;

        public Memory<byte> Memory
        {
            get
            {
                byte[]? current = _buffer;
                ObjectDisposedException.ThrowIf(current is null, this);
                return current.AsMemory(0, sizeBytes);
            }
        }

        public void Dispose()
        {
            byte[]? current = Interlocked.Exchange(ref _buffer, null);
            if (current is null) return;
            current.AsSpan(0, sizeBytes).Clear();
            home?.Return(current);
        }
    }
}
