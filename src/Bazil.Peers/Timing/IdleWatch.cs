namespace Bazil.Peers.Timing;

/// <summary>
/// Ends a transfer when nothing moves for too long. Runs only while something is awaited, so that a slow consumer on this side is not taken
/// for a silent peer. One reader and one writer at a time.
/// </summary>
internal sealed class IdleWatch : IDisposable
{
    private TimeSpan _timeout;
    private readonly CancellationTokenSource _idle;
    private readonly CancellationTokenSource _linked;

    public IdleWatch(TimeSpan timeout, TimeProvider time, CancellationToken cancel)
    {
        _timeout = timeout;
        _idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_idle.Token, cancel);
    }

    /// <summary>Cancelled by the caller's token, or when the watch has expired.</summary>
    public CancellationToken Token => _linked.Token;

    /// <summary>True when silence, and not the caller, ended the transfer.</summary>
    public bool Expired => _idle.IsCancellationRequested;

    /// <summary>Something moved, or is awaited from now on: the time starts again.</summary>
    public void Arm() => _idle.CancelAfter(_timeout);

    /// <summary>From now on silence is no reason to end.</summary>
    public void Relax()
    {
        _timeout = Timeout.InfiniteTimeSpan;
        Disarm();
    }

    /// <summary>Nothing is awaited.</summary>
    public void Disarm() => _idle.CancelAfter(Timeout.InfiniteTimeSpan);

    public async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer)
    {
        Arm();
        int read = await stream.ReadAsync(buffer, Token);
        Disarm();
        return read;
    }

    public void Dispose()
    {
        _linked.Dispose();
        _idle.Dispose();
    }
}
