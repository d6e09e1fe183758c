using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples;

/// <summary>
/// Memory for chunks of full size. It is taken from the kernel in large pieces that may lie on huge pages, and what files give up is kept for
/// the next: touching fresh memory for the first time costs as much as all else that a large write does in this process. Thread-safe.
/// </summary>
internal sealed unsafe partial class ChunkPool(int chunkBytes, long mostIdleBytes)
{
    /// <summary>The size of a huge page and its alignment.</summary>
    private const int HugePageBytes = 2 << 20;

    private const int SlabBytes = 8 * HugePageBytes;

    private const int MADV_DONTNEED = 4;
    private const int MADV_HUGEPAGE = 14;

    // Guards everything here; a leaf, nothing is called while it is held but the kernel.
    private readonly Lock _lock = new();
    private readonly List<nint> _slabs = [];

    /// <summary>Free, and in memory.</summary>
    private readonly Stack<nint> _warm = new();

    /// <summary>Free, and only addresses: their pages were never touched or given back.</summary>
    private readonly Stack<nint> _cold = new();
    private int _used;
    private bool _ended;

    internal int ChunkBytes { get; } = chunkBytes;

    /// <summary>Its bytes are whatever was there before.</summary>
    internal byte* Take()
    {
        lock (_lock)
        {
            _used++;
            if (_warm.TryPop(out var chunk)) return (byte*)chunk;
            if (_cold.Count == 0) AddSlab();
            return (byte*)_cold.Pop();
        }
    }

    internal void GiveBack(byte* chunk)
    {
        lock (_lock)
        {
            _used--;
            if ((_warm.Count + 1L) * ChunkBytes <= mostIdleBytes)
            {
                _warm.Push((nint)chunk);
            }
            else
            {
                _ = madvise(chunk, (nuint)ChunkBytes, MADV_DONTNEED); // Cannot fail on what lies here; if it did, it would stay warm.
                _cold.Push((nint)chunk);
            }

            FreeIfOver();
        }
    }

    /// <summary>Nothing more will be taken; the memory goes once the last chunk is back.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _ended = true;
            FreeIfOver();
        }
    }

    private void AddSlab()
    {
        var slab = (byte*)NativeMemory.AlignedAlloc(SlabBytes, HugePageBytes);
        _ = madvise(slab, SlabBytes, MADV_HUGEPAGE); // A kernel without them does with small ones.
        _slabs.Add((nint)slab);
        for (var offset = SlabBytes - ChunkBytes; offset >= 0; offset -= ChunkBytes) _cold.Push((nint)(slab + offset));
    }

    private void FreeIfOver()
    {
        if (!_ended || _used > 0) return;
        foreach (var slab in _slabs) NativeMemory.AlignedFree((void*)slab);
        _slabs.Clear();
        _warm.Clear();
        _cold.Clear();
    }

    [LibraryImport("libc.so.6")]
    private static partial int madvise(void* start, nuint length, int advice);
}
