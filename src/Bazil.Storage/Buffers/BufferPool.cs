using System.Buffers;
using System.Numerics;

namespace Bazil.Storage.Buffers;

/// <summary>
/// Zeroed buffers from 4 KiB to 8 MiB in pinned memory that the collector never moves, kept for reuse and cleared when they
/// come back, for they held plaintext. Larger ones are made and dropped. Safe for concurrent use.
/// <para>Invariant: <see cref="RetainedBytes"/> is the capacity of all buffers that are kept, and at most <see cref="RetainedBytesMax"/>.</para>
/// </summary>
public sealed class BufferPool
{
    /// <summary>What is kept for reuse, of all sizes together: a few read-aheads of chunks and half a dirty budget.</summary>
    public const long RetainedBytesMax = 32 * 1024 * 1024;

    private const int SmallestSizeBytes = 4096;
    private const int ClassCount = 12; // 4 KiB << 11 is 8 MiB

    /// <summary>Room for the header and tag of an object, so that a sealed chunk fits the class of its plaintext.</summary>
    private const int SlackBytes = 64;

    private readonly Lock _lock = new(); // guards everything below; innermost
    private readonly Stack<byte[]>[] _free = [.. Enumerable.Range(0, ClassCount).Select(static _ => new Stack<byte[]>())];
    private long _retainedBytes;

    public static BufferPool Shared { get; } = new();

    /// <summary>What is kept for reuse now.</summary>
    public long RetainedBytes
    {
        get
        {
            lock (_lock) return _retainedBytes;
        }
    }

    /// <summary>What a buffer of this size takes in memory.</summary>
    public static int CapacityOf(int sizeBytes)
    {
        int shift = ClassOf(sizeBytes);
        return shift < ClassCount ? CapacityOfClass(shift) : sizeBytes;
    }

    /// <summary>Returns a buffer of exactly this size, all zeros. The caller disposes it, once.</summary>
    public IMemoryOwner<byte> Rent(int sizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeBytes);
        int shift = ClassOf(sizeBytes);
        return shift < ClassCount
            ? new PooledBuffer(this, Take(shift), shift, sizeBytes)
            : new PooledBuffer(null, GC.AllocateArray<byte>(sizeBytes, pinned: true), shift, sizeBytes);
    }

    private static int ClassOf(int sizeBytes)
    {
        int blocks = Math.Max(1, (sizeBytes - SlackBytes + SmallestSizeBytes - 1) / SmallestSizeBytes);
        return BitOperations.Log2((uint)(2 * blocks) - 1);
    }

    private static int CapacityOfClass(int shift) => (SmallestSizeBytes << shift) + SlackBytes;

    private byte[] Take(int shift)
    {
        lock (_lock)
        {
            if (_free[shift].TryPop(out byte[]? buffer))
            {
                _retainedBytes -= buffer.Length;
                return buffer;
            }
        }

        return GC.AllocateArray<byte>(CapacityOfClass(shift), pinned: true);
    }

    private void Return(byte[] buffer, int shift)
    {
        lock (_lock)
        {
            _free[shift].Push(buffer);
            _retainedBytes += buffer.Length;
            while (_retainedBytes > RetainedBytesMax) DropOne();
        }
    }

    /// <summary>Drops a buffer of the size of which most is kept: what is used now takes the place of what was used once.</summary>
    private void DropOne()
    {
        int largest = 0;
        for (int shift = 1; shift < ClassCount; shift++)
        {
            if ((long)_free[shift].Count * CapacityOfClass(shift) > (long)_free[largest].Count * CapacityOfClass(largest)) largest = shift;
        }

        _retainedBytes -= _free[largest].Pop().Length;
    }

    private sealed class PooledBuffer(BufferPool? home, byte[] buffer, int shift, int sizeBytes) : IMemoryOwner<byte>
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
            home?.Return(current, shift);
        }
    }
}
