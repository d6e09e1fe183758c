using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <summary>
/// Notices that one reader is sequential and fetches the chunks it will want next. Requests of the kernel arrive slightly out of
/// order, so near enough counts as sequential. A reader that catches up with what is being fetched is given a larger window: content that comes from
/// afar needs more of it under way, but not more than comes in a while (<see cref="ArrivalRate"/>), for everybody would wait behind it. What is under way is given up when the reader goes
/// elsewhere: its place is the next read's. Safe for concurrent use; dispose cancels and waits.
/// </summary>
/// <param name="windowBytes">How far ahead at first; up to <see cref="FarGrowthMax"/> times as far.</param>
/// <param name="chunkBytes">Of the content; small ones are fetched several in one task.</param>
/// <param name="room">Where what is fetched waits. Windows shrink when many streams share it.</param>
/// <param name="rate">Of what is fetched for this reader; used under this one's lock from now on.</param>
/// <param name="prefetch">Fetches a chunk.</param>
internal sealed class ReadAhead(int windowBytes, int chunkBytes, ReadAheadRoom room, ArrivalRate rate, Func<ulong, CancellationToken, Task> prefetch) : IAsyncDisposable
{
    /// <summary>How far from the expected place a read may start and still be the same stream: two requests of the kernel.</summary>
    private const long SlackBytes = 256 * 1024;

    /// <summary>Reads in a row before anything is fetched ahead.</summary>
    private const int StreakMin = 2;

    /// <summary>Four megabytes with the default window: as much as a dozen readers of content that is here find room for in the cache.</summary>
    private const int GrowthMax = 4;

    /// <summary>For content from afar, 16 MiB: 160 MB/s over a line of 50 ms whose answers take twice as long while it is full.</summary>
    private const int FarGrowthMax = 16;

    /// <summary>What has been fetched for so long comes from afar.</summary>
    private const int FarMilliseconds = 10;

    private readonly int _runChunks = Math.Max(1, BlobLimits.TaskBytes / chunkBytes);
    private readonly int _firstWindowChunks = FirstWindowOf(windowBytes, chunkBytes);
    private readonly Lock _lock = new(); // guards everything below; before that of the room
    private readonly Dictionary<Task, (ulong First, long Since)> _inFlight = []; // the first chunk of each, and when it was begun
    private readonly HashSet<Task> _givenUp = []; // those of ended streams that have not noticed yet
    private int _windowChunks = FirstWindowOf(windowBytes, chunkBytes);
    private ulong _expectedOffset;
    private int _streak;
    private ulong _nextChunk;
    private ulong _behindReader; // the first chunk that nobody has asked for
    private bool _hasRoom;
    private CancellationTokenSource? _stream; // cancelled when what was fetched ahead is of no use any more; null when nothing was

    /// <summary>A read is about to happen.</summary>
    public void Advise(ulong offset, int count, ulong sizeBytes, BlobLayout layout)
    {
        lock (_lock)
        {
            long distance = (long)offset - (long)_expectedOffset;
            bool isSequential = Math.Abs(distance) <= SlackBytes;
            _streak = isSequential ? _streak + 1 : 0;
            _expectedOffset = isSequential ? Math.Max(_expectedOffset, offset + (ulong)count) : offset + (ulong)count;
            if (!isSequential && !(distance > 0 && layout.ChunkOf(offset) < _nextChunk)) EndStream(); // a leap within what was fetched is none to elsewhere
            if (_streak < StreakMin) return;

            ulong behindThis = layout.ChunkOf(offset + (ulong)count - 1) + 1, last = layout.ChunkOf(sizeBytes - 1) + 1;
            _behindReader = behindThis;
            GrowIfCaughtUp(behindThis);
            int window = AskForRoom(behindThis, last);
            int windowRuns = Math.Max(1, window / _runChunks);
            ulong end = Math.Min(behindThis + (ulong)window, last);
            for (ulong chunk = Math.Max(_nextChunk, behindThis); chunk < end && _inFlight.Count < windowRuns; chunk = _nextChunk)
            {
                // Whole runs, so that a reader who moves on by a chunk does not start a task for each.
                ulong behind = Math.Min(chunk + (ulong)_runChunks, last);
                if (behind > end && behind < last && window >= _runChunks) return;
                behind = Math.Min(behind, end);
                Start(chunk, behind);
                _nextChunk = behind;
            }

            if (behindThis >= last) LeaveRoom(); // all of it was read
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] ending;
        lock (_lock)
        {
            EndStream();
            ending = [.. _givenUp];
        }

        await Task.WhenAll(ending);
    }

    /// <summary>The reader goes elsewhere: what is under way is given up, and what has come goes from the cache before what others want. Under the lock.</summary>
    private void EndStream()
    {
        _nextChunk = 0;
        if (_stream is { } ended)
        {
            _ = ended.CancelAsync(); // it counts at once; whoever waits for it is told on another thread, for this one holds the lock
            _stream = null;
            _givenUp.UnionWith(_inFlight.Keys);
            _inFlight.Clear();
            _hasRoom = true; // also one that has read to the end and left its room tells that it is over
        }

        LeaveRoom();
    }

    /// <summary>How many chunks the window may have now, fewer than it would like when others read, too. Under the lock.</summary>
    private int AskForRoom(ulong behindThis, ulong last)
    {
        ulong ahead = _nextChunk > behindThis ? _nextChunk - behindThis : 0, wanted = Math.Min((ulong)UsefulWindow(), last - behindThis);
        _hasRoom = true;
        return (int)(room.Ask(this, (long)ahead * chunkBytes, (long)wanted * chunkBytes) / chunkBytes);
    }

    private void LeaveRoom()
    {
        if (_hasRoom) room.Leave(this);
        _hasRoom = false;
    }

    private static int FirstWindowOf(int windowBytes, int chunkBytes) => Math.Min(Math.Max(1, windowBytes / chunkBytes), BlobLimits.ReadConcurrencyMax * Math.Max(1, BlobLimits.TaskBytes / chunkBytes));

    /// <summary>What the reader would need, as far as it comes in a while. Before anything has come nobody knows. Under the lock.</summary>
    private int UsefulWindow()
    {
        double useful = (rate.UsefulBytes ?? (double)_firstWindowChunks * chunkBytes) / chunkBytes;
        return (int)Math.Clamp(useful, Math.Min(_runChunks, _windowChunks), _windowChunks);
    }

    /// <summary>The reader wants what is still being fetched: it is faster than the window allows. Under the lock.</summary>
    private void GrowIfCaughtUp(ulong behindThis)
    {
        bool isCaughtUp = false, isFar = false;
        foreach ((ulong first, long since) in _inFlight.Values)
        {
            if (first >= behindThis) continue;
            isCaughtUp = true;
            isFar |= room.Clock.GetElapsedTime(since).TotalMilliseconds >= FarMilliseconds;
        }

        int most = (isFar ? FarGrowthMax : GrowthMax) * _firstWindowChunks;
        if (isCaughtUp && _windowChunks < most) _windowChunks = Math.Min(most, 2 * _windowChunks);
    }

    private void Start(ulong first, ulong behind)
    {
        CancellationToken cancel = (_stream ??= new CancellationTokenSource()).Token;
        long since = room.Clock.GetTimestamp();
        Task? task = null;
        task = Task.Run(async () =>
        {
            try
            {
                // All at once: those that come from afar travel together, those that are here are read one after the other anyway.
                var chunks = new List<Task>();
                ulong from;
                lock (_lock) from = Math.Max(first, _behindReader); // a reader that has overtaken this task has fetched the rest itself
                for (ulong chunk = from; chunk < behind; chunk++) chunks.Add(prefetch(chunk, cancel));
                await Task.WhenAll(chunks);
                lock (_lock)
                {
                    if (from < behind) rate.Note(since, (long)(behind - from) * chunkBytes);
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // Only a guess failed: the read that needs the chunk asks again and reports.
            }
            finally
            {
                lock (_lock)
                {
                    if (!_inFlight.Remove(task!)) _givenUp.Remove(task!);
                }
            }
        });
        _inFlight.Add(task, (first, since)); // the task's own removal waits for the lock held here
    }
}
