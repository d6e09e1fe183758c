namespace Bazil.Storage.Blobs;

/// <summary>
/// Notices a sequential reader and fetches the chunks it will want next. Requests of the kernel arrive slightly out of
/// order, so near enough counts as sequential. Safe for concurrent use; dispose cancels and waits.
/// </summary>
/// <param name="windowChunks">How far ahead.</param>
/// <param name="runChunks">Chunks that one task fetches, one after the other: small ones are not worth a task each.</param>
/// <param name="prefetch">Fetches a chunk.</param>
internal sealed class ReadAhead(int windowChunks, int runChunks, Func<ulong, CancellationToken, Task> prefetch) : IAsyncDisposable
{
    /// <summary>How far from the expected place a read may start and still be the same stream: two requests of the kernel.</summary>
    private const long SlackBytes = 256 * 1024;

    /// <summary>Reads in a row before anything is fetched ahead.</summary>
    private const int StreakMin = 2;

    private readonly int _windowChunks = Math.Min(windowChunks, BlobLimits.ReadConcurrencyMax * runChunks);
    private readonly int _windowRuns = Math.Max(1, Math.Min(windowChunks, BlobLimits.ReadConcurrencyMax * runChunks) / runChunks);
    private readonly CancellationTokenSource _cancel = new();
    private readonly Lock _lock = new(); // guards everything below; innermost
    private readonly HashSet<Task> _inFlight = [];
    private ulong _expectedOffset;
    private int _streak;
    private ulong _nextChunk;

    /// <summary>A read is about to happen.</summary>
    public void Advise(ulong offset, int count, ulong sizeBytes, BlobLayout layout)
    {
        lock (_lock)
        {
            long distance = (long)offset - (long)_expectedOffset;
            bool isSequential = Math.Abs(distance) <= SlackBytes;
            _streak = isSequential ? _streak + 1 : 0;
            _expectedOffset = isSequential ? Math.Max(_expectedOffset, offset + (ulong)count) : offset + (ulong)count;
            if (!isSequential) _nextChunk = 0;
            if (_streak < StreakMin) return;

            ulong behindThis = layout.ChunkOf(offset + (ulong)count - 1) + 1;
            ulong end = Math.Min(behindThis + (ulong)_windowChunks, layout.ChunkOf(sizeBytes - 1) + 1);
            ulong last = layout.ChunkOf(sizeBytes - 1) + 1;
            for (ulong chunk = Math.Max(_nextChunk, behindThis); chunk < end && _inFlight.Count < _windowRuns; chunk = _nextChunk)
            {
                // Whole runs, so that a reader who moves on by a chunk does not start a task for each.
                ulong behind = Math.Min(chunk + (ulong)runChunks, last);
                if (behind > end && behind < last) return;
                Start(chunk, behind);
                _nextChunk = behind;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _cancel.CancelAsync();
        Task[] inFlight;
        lock (_lock) inFlight = [.. _inFlight];
        await Task.WhenAll(inFlight);
        _cancel.Dispose();
    }

    private void Start(ulong first, ulong behind)
    {
        Task? task = null;
        task = Task.Run(async () =>
        {
            try
            {
                for (ulong chunk = first; chunk < behind; chunk++) await prefetch(chunk, _cancel.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // Only a guess failed: the read that needs the chunk asks again and reports.
            }
            finally
            {
                lock (_lock) _inFlight.Remove(task!);
            }
        });
        _inFlight.Add(task); // the task's own removal waits for the lock held here
    }
}
