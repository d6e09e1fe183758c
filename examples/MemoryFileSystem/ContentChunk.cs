using System.Buffers;
using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples;

/// <summary>
/// A piece of a file outside the garbage-collected heap. Only its first <see cref="Filled"/> bytes are set, the others count as zeros: clearing
/// memory that is about to be written would be a third pass over the data. Counted: the file holds one reference, and so does each
/// answer that is being sent from it. <see cref="IDisposable.Dispose"/> gives one up.
/// </summary>
internal sealed unsafe class ContentChunk : MemoryManager<byte>
{
    private readonly ChunkPool _pool;
    private readonly byte* _start;
    private int _references = 1;

    internal ContentChunk(ChunkPool pool, int length)
    {
        _pool = pool;
        Length = length;
        _start = length == pool.ChunkBytes ? pool.Take() : (byte*)NativeMemory.Alloc((nuint)length);
    }

    internal int Length { get; }

    internal int Filled { get; private set; }

    internal void Write(int start, ReadOnlySpan<byte> data)
    {
        if (start > Filled) GetSpan()[Filled..start].Clear();
        data.CopyTo(GetSpan()[start..]);
        Filled = Math.Max(Filled, start + data.Length);
    }

    internal void Zero(int start, int count)
    {
        if (start >= Filled) return;
        if (start + count >= Filled) Filled = start;
        else GetSpan().Slice(start, count).Clear();
    }

    internal void AddReference() => Interlocked.Increment(ref _references);

    internal void Release() => Dispose(disposing: true);

    public override Span<byte> GetSpan() => new(_start, Length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Decrement(ref _references) > 0) return;
        if (Length == _pool.ChunkBytes) _pool.GiveBack(_start);
        else NativeMemory.Free(_start);
    }
}
