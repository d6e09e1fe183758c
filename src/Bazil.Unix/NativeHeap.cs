namespace Bazil.Unix;

/// <summary>The heap of the C library, which native libraries allocate from.</summary>
public static class NativeHeap
{
    /// <summary>
    /// Keeps what is freed from lying about. By itself the library gives nearly each thread a heap of its own, and what one thread frees in one of them
    /// is of no use to the others: caches whose entries many threads make come to take several times their size. The shared heaps are locked for the
    /// length of an allocation only. Larger pieces go back to the kernel when they are freed.
    /// Heaps that are there stay, and the runtime has made some for its own threads: only the variable <c>MALLOC_ARENA_MAX</c> keeps it from that.
    /// Call it before a library starts threads.
    /// </summary>
    /// <param name="heapsMax">With so many no further one is made, and all threads share those that there are.</param>
    /// <param name="mappedBytesMin">Pieces of this size and larger are mapped one by one.</param>
    public static void Restrict(int heapsMax, int mappedBytesMin)
    {
        try
        {
            _ = Libc.MallOpt(Libc.M_ARENA_MAX, heapsMax);
            _ = Libc.MallOpt(Libc.M_MMAP_THRESHOLD, mappedBytesMin);
        }
        catch (EntryPointNotFoundException)
        {
            // Another library than glibc: it has no such heaps.
        }
    }
}
