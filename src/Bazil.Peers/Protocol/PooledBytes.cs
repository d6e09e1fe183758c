using System.Buffers;

namespace Bazil.Peers.Protocol;

/// <summary>Bytes of an exact length in a pooled array. Disposed by its owner, once.</summary>
internal sealed class PooledBytes(byte[] owned, int length) : IMemoryOwner<byte>
{
    private byte[]? _array = owned;

    public Memory<byte> Memory => _array is { } array ? array.AsMemory(0, length) : throw new ObjectDisposedException(nameof(PooledBytes));

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array) ArrayPool<byte>.Shared.Return(array);
    }
}
