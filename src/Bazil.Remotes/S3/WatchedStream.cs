namespace Bazil.Remotes.S3;

/// <summary>
/// A connection, above its encryption, that is given up when nothing moves on it for so long although it should: a machine that was switched off, a firewall that forgot. How long a transfer takes in all is not bounded.
/// <para>Bytes in either direction count, since an answer may be awaited while much is sent. Something should move while a write or a read is under way, and from a write to the first byte that comes after it. Otherwise the
/// connection is idle, and waits with an empty buffer for being closed.</para>
/// </summary>
internal sealed class WatchedStream : Stream
{
    private readonly Stream _inner;
    private readonly TimeSpan _silenceMax;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private int _reads, _writes; // under way; a read into an empty buffer does not count
    private bool _isOwed; // something was written, and nothing has come since
    private bool _isSilent, _isDisposed;
    private long _moved; // when a byte moved, or the idle connection was used again

    /// <param name="inner">Owned.</param>
    /// <param name="silenceMax">How long nothing may move.</param>
    /// <param name="time">Tells the time.</param>
    public WatchedStream(Stream inner, TimeSpan silenceMax, TimeProvider time)
    {
        (_inner, _silenceMax, _time) = (inner, silenceMax, time);
        _timer = time.CreateTimer(static stream => ((WatchedStream)stream!).GiveUp(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    private bool IsWatched => _reads > 0 || _writes > 0 || _isOwed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel = default)
    {
        int weight = buffer.IsEmpty ? 0 : 1;
        Begin(weight, 0);
        int read = 0;
        try
        {
            return read = await _inner.ReadAsync(buffer, cancel);
        }
        catch (Exception) when (IsSilent())
        {
            throw Silent("sent"); // what the closed connection says is of no use
        }
        finally
        {
            End(weight, 0, isMoved: read > 0, hasCome: read > 0);
        }
    }

    /// <summary>In slices, each of which counts when the system has taken it.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel = default)
    {
        do
        {
            ReadOnlyMemory<byte> slice = buffer[..Math.Min(buffer.Length, Limits.S3SliceBytes)];
            buffer = buffer[slice.Length..];
            bool isTaken = false;
            Begin(0, 1);
            try
            {
                await _inner.WriteAsync(slice, cancel);
                isTaken = true;
            }
            catch (Exception) when (IsSilent())
            {
                throw Silent("taken");
            }
            finally
            {
                End(0, 1, isMoved: isTaken, hasCome: false);
            }
        }
        while (!buffer.IsEmpty);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        StopWatching();
        await _inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopWatching();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Begin(int reads, int writes)
    {
        lock (_gate)
        {
            bool wasWatched = IsWatched;
            _reads += reads;
            _writes += writes;
            _isOwed |= writes > 0;
            if (!wasWatched && IsWatched) Watch();
        }
    }

    private void End(int reads, int writes, bool isMoved, bool hasCome)
    {
        lock (_gate)
        {
            _reads -= reads;
            _writes -= writes;
            if (hasCome) _isOwed = false;
            if (isMoved && IsWatched) Watch();
            else if (!IsWatched && !_isDisposed) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>From now on. The lock is held.</summary>
    private void Watch()
    {
        _moved = _time.GetTimestamp();
        if (!_isDisposed) _timer.Change(_silenceMax, Timeout.InfiniteTimeSpan);
    }

    private void GiveUp()
    {
        lock (_gate)
        {
            if (_isDisposed || !IsWatched) return;
            TimeSpan left = _silenceMax - _time.GetElapsedTime(_moved);
            if (left > TimeSpan.Zero)
            {
                // Something moved while the timer fired, or it fired early.
                _timer.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
                return;
            }

            _isSilent = true;
        }

        // Ends what is under way on it, also a read with an empty buffer.
        _inner.Dispose();
    }

    private void StopWatching()
    {
        lock (_gate) _isDisposed = true;
        _timer.Dispose();
    }

    private bool IsSilent()
    {
        lock (_gate) return _isSilent;
    }

    private IOException Silent(string what) => new($"the server has {what} nothing for {_silenceMax.TotalSeconds:0} seconds");
}
