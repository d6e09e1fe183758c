namespace Bazil.Storage.Arena.Disk;

/// <summary>
/// A segment that may be closed while nobody uses it, and is opened again by the next who does. A reader in the middle of a call
/// keeps the descriptor alive; one that comes a moment too late begins again.
/// </summary>
internal sealed class PooledSegmentFile : ISegmentFile
{
    private readonly SegmentFilePool _pool;
    private readonly Func<ISegmentFile> _open;
    private readonly Lock _gate = new(); // guards opening and closing; after _syncing
    private readonly Lock _syncing = new(); // one sync at a time: the kernel tells of a failure only one of two
    private volatile ISegmentFile? _file;
    private volatile bool _wasUsed = true;
    private volatile bool _isDisposed;
    private IOException? _failure; // guarded by _syncing
    private long _writeCount;
    private long _syncedWriteCount;

    /// <param name="pool">Says when to close it.</param>
    /// <param name="opened">The file, open.</param>
    /// <param name="open">Opens it again.</param>
    public PooledSegmentFile(SegmentFilePool pool, ISegmentFile opened, Func<ISegmentFile> open)
    {
        _pool = pool;
        _file = opened;
        _open = open;
        Path = opened.Path;
        pool.Add(this);
    }

    public string Path { get; }

    public long Length => Do(0L, static (file, _) => file.Length);

    private bool IsDirty => Volatile.Read(ref _writeCount) != Volatile.Read(ref _syncedWriteCount);

    public int Read(Span<byte> buffer, long offset)
    {
        while (true)
        {
            try
            {
                return Current().Read(buffer, offset);
            }
            catch (ObjectDisposedException) when (!_isDisposed)
            {
                // Closed to make room for others: once more.
            }
        }
    }

    public void Write(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, long offset)
    {
        while (true)
        {
            try
            {
                Current().Write(first, second, third, offset);
                return;
            }
            catch (ObjectDisposedException) when (!_isDisposed)
            {
                // Closed to make room for others: the same bytes at the same place once more.
            }
            finally
            {
                Interlocked.Increment(ref _writeCount);
            }
        }
    }

    /// <summary>Throws also what a sync met that was done to close the file.</summary>
    public void Sync()
    {
        lock (_syncing)
        {
            if (_failure is { } failure)
            {
                _failure = null;
                throw failure;
            }

            long writeCount = Volatile.Read(ref _writeCount);
            Do(0, static (file, _) => file.Sync());
            Volatile.Write(ref _syncedWriteCount, writeCount);
        }
    }

    public void Punch(long offset, long length) => Do((offset, length), static (file, range) => file.Punch(range.offset, range.length));

    public void Truncate(long length)
    {
        Do(length, static (file, newLength) => file.Truncate(newLength));
        Interlocked.Increment(ref _writeCount);
    }

    public void Reserve(long offset, long length) => Do((offset, length), static (file, range) => file.Reserve(range.offset, range.length));

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _file?.Dispose();
        }

        _pool.Remove(this);
    }

    /// <summary>Whether it was used since the last time that this was asked.</summary>
    internal bool WasUsed()
    {
        bool wasUsed = _wasUsed;
        _wasUsed = false;
        return wasUsed;
    }

    /// <summary>Waits for nobody: a file that is just being opened or synced stays open.</summary>
    internal bool TryClose(bool mayBeDirty)
    {
        if (!_syncing.TryEnter()) return false;
        try
        {
            if (!_gate.TryEnter()) return false;
            try
            {
                if (_isDisposed) return true;
                if (IsDirty && !(mayBeDirty && TrySync())) return false;
                _file?.Dispose();
                _file = null;
                return true;
            }
            finally
            {
                _gate.Exit();
            }
        }
        finally
        {
            _syncing.Exit();
        }
    }

    private bool TrySync()
    {
        try
        {
            long writeCount = Volatile.Read(ref _writeCount);
            _file?.Sync();
            Volatile.Write(ref _syncedWriteCount, writeCount);
            return true;
        }
        catch (IOException exception)
        {
            _failure = exception; // told to whoever syncs next: to close a file is not their concern who open another
            return false;
        }
    }

    private ISegmentFile Current()
    {
        if (!_wasUsed) _wasUsed = true;
        return _file ?? OpenAgain();
    }

    private ISegmentFile OpenAgain()
    {
        ISegmentFile file;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_file is { } opened) return opened;
            _file = file = _open();
        }

        _pool.Add(this);
        return file;
    }

    private TResult Do<TArgument, TResult>(TArgument argument, Func<ISegmentFile, TArgument, TResult> action)
    {
        while (true)
        {
            try
            {
                return action(Current(), argument);
            }
            catch (ObjectDisposedException) when (!_isDisposed)
            {
                // Closed to make room for others: once more.
            }
        }
    }

    private void Do<TArgument>(TArgument argument, Action<ISegmentFile, TArgument> action) =>
        Do((argument, action), static (file, call) =>
        {
            call.action(file, call.argument);
            return true;
        });
}
