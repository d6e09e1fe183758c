using System.Buffers;
using Bazil.Storage.Buffers;

namespace Bazil.Storage.Tests.Buffers;

public sealed class BufferPoolTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public void Buffer_has_the_size_asked_for_and_comes_back_zeroed()
    {
        var pool = new BufferPool();
        foreach (int size in (int[])[0, 1, 4096, 4160, 4161, (128 << 10) + 64, 8 * MiB, 9 * MiB])
        {
            using (IMemoryOwner<byte> buffer = pool.Rent(size))
            {
                Assert.Equal(size, buffer.Memory.Length);
                Assert.InRange(BufferPool.CapacityOf(size), size, Math.Max(4160, (2 * size) + 64));
                buffer.Memory.Span.Fill(7);
            }

            using IMemoryOwner<byte> again = pool.Rent(size);
            Assert.False(again.Memory.Span.ContainsAnyExcept((byte)0));
        }
    }

    [Fact]
    public void What_is_kept_is_bounded_for_all_sizes_together_and_sizes_in_use_find_room()
    {
        var pool = new BufferPool();
        foreach (int size in (int[])[8 * MiB, MiB, 128 << 10])
        {
            IMemoryOwner<byte>[] rented = [.. Enumerable.Range(0, (int)(BufferPool.RetainedBytesMax / size) + 1).Select(_ => pool.Rent(size))];
            foreach (IMemoryOwner<byte> buffer in rented) buffer.Dispose();
            Assert.InRange(pool.RetainedBytes, BufferPool.RetainedBytesMax - (8 * MiB) - 64, BufferPool.RetainedBytesMax);
        }

        long before = pool.RetainedBytes;
        using (pool.Rent(128 << 10)) Assert.Equal(before - BufferPool.CapacityOf(128 << 10), pool.RetainedBytes);
        Assert.Equal(before, pool.RetainedBytes);
    }
}
