namespace Bazil.Fuse;

/// <summary>
/// The data of a read: bytes the handler put into the buffer it was lent, or memory of its own, which is sent from where
/// it lies. Fewer bytes than asked for mean end of file.
/// </summary>
public readonly struct FuseReadResult
{
    private FuseReadResult(int count, ReadOnlyMemory<byte> memory, IDisposable? owner)
    {
        Count = count;
        Memory = memory;
        Owner = owner;
    }

    /// <summary>Bytes in the lent buffer; -1 when <see cref="Memory"/> holds the data.</summary>
    internal int Count { get; }

    internal ReadOnlyMemory<byte> Memory { get; }

    internal IDisposable? Owner { get; }

    /// <summary>The first <paramref name="count"/> bytes of the lent buffer.</summary>
    public static FuseReadResult Filled(int count) => new(count, default, null);

    /// <summary>
    /// Sends <paramref name="memory"/> without copying it. It must stay unchanged and in place until
    /// <paramref name="owned"/> is disposed, which happens once the kernel has the data or the reply failed. Memory outside the garbage-collected
    /// heap (a <see cref="System.Buffers.MemoryManager{T}"/> over native memory) costs no pin.
    /// </summary>
    public static FuseReadResult From(ReadOnlyMemory<byte> memory, IDisposable? owned = null) => new(-1, memory, owned);
}
