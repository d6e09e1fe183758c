using System.Buffers;
using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples;

/// <summary>
/// A piece of a file outside the garbage-collected heap, zero at first. Counted: the file holds one reference, and so does each
/// answer that is being sent from it. <see cref="IDisposable.Dispose"/> gives one up.
/// </summary>
internal sealed unsafe class ContentChunk : MemoryManager<byte>
{
    private readonly byte* _start;
    private int _references = 1;

    internal ContentChunk(int length)
    {
        Length = length;
        _start = (byte*)NativeMemory.AllocZeroed((nuint)length);
    }

    internal int Length { get; }

    internal void AddReference() => Interlocked.Increment(ref _references);

    internal void Release() => Dispose(disposing: true);

    public override Span<byte> GetSpan() => new(_start, Length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Decrement(ref _references) == 0) NativeMemory.Free(_start);
    }
}
