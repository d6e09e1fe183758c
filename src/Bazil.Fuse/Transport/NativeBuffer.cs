using System.Buffers;
using System.Runtime.InteropServices;
using Bazil.Core;

namespace Bazil.Fuse.Transport;

/// <summary>
/// Page-aligned memory outside the garbage-collected heap, placed so that byte 80 (the end of the header and operation
/// of a read or write) is the start of a page: written data arrives page-aligned. Pages that are never touched cost nothing.
/// Whoever has the request disposes it.
/// </summary>
internal sealed unsafe class NativeBuffer : MemoryManager<byte>
{
    /// <summary>Where the data of a write starts: fuse_in_header and fuse_write_in.</summary>
    internal const int DataOffset = 80;

    private const int PageBytes = 4096;

    private void* _allocation;

    internal NativeBuffer(int dataBytes)
    {
        Invariant.Check(dataBytes > 0);
        Length = DataOffset + dataBytes;
        _allocation = NativeMemory.AlignedAlloc((nuint)(PageBytes + dataBytes), PageBytes);
        Pointer = (byte*)_allocation + PageBytes - DataOffset;
    }

    internal int Length { get; }

    internal byte* Pointer { get; private set; }

    internal ReadOnlySpan<byte> Span => GetSpan();

    public override Span<byte> GetSpan() => new(Pointer, Pointer is null ? 0 : Length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Pointer + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (_allocation is null) return;
        NativeMemory.AlignedFree(_allocation);
        _allocation = null;
        Pointer = null;
    }
}
