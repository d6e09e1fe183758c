using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Bazil.Storage.Compression;

/// <summary>
/// Contexts kept for reuse, because setting one up costs more than compressing a small chunk. At most one of a kind for each
/// processor is kept; more are made when more threads need one, and dropped afterwards. Safe for concurrent use.
/// </summary>
internal sealed class ZstdContexts<T>(Func<T> create)
    where T : SafeHandle
{
    private readonly ConcurrentBag<T> _free = []; // a thread gets back the one it used last, which is in its cache
    private int _freeCount;

    public T Rent()
    {
        if (!_free.TryTake(out T? context)) return create();
        Interlocked.Decrement(ref _freeCount);
        return context;
    }

    /// <summary>Takes back a context that nobody uses any more.</summary>
    public void Return(T owned)
    {
        if (Interlocked.Increment(ref _freeCount) <= Environment.ProcessorCount)
        {
            _free.Add(owned);
            return;
        }

        Interlocked.Decrement(ref _freeCount);
        owned.Dispose();
    }
}
