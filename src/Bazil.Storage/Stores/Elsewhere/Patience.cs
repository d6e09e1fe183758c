namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>
/// Ends a read when nothing has come from any of the stores that it waits for, for a while: not one that waits for its turn on a slow line, on which answers to others come all the time.
/// What a store that has answered this read answers others counts once at most. One read.
/// </summary>
internal sealed class Patience : IDisposable
{
    private readonly IReadOnlyList<IObjectStore> _stores;
    private readonly Func<IObjectStore, bool> _hasAnswered;
    private readonly TimeSpan _silenceMax;
    private readonly CancellationTokenSource _over;
    private readonly ITimer? _timer;
    private readonly long[] _answers; // of each store at the last look; used by the timer only
    private readonly bool[] _isDone; // had answered at the last look

    /// <param name="stores">Those that may be asked.</param>
    /// <param name="hasAnswered">Whether one of them has answered this read.</param>
    /// <param name="silenceMax">How long; infinite for ever.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancel">Ends the read, too.</param>
    public Patience(IReadOnlyList<IObjectStore> stores, Func<IObjectStore, bool> hasAnswered, TimeSpan silenceMax, TimeProvider time, CancellationToken cancel)
    {
        (_stores, _hasAnswered, _silenceMax, _over) = (stores, hasAnswered, silenceMax, CancellationTokenSource.CreateLinkedTokenSource(cancel));
        (_answers, _isDone) = (new long[stores.Count], new bool[stores.Count]);
        if (silenceMax == Timeout.InfiniteTimeSpan) return;
        HasComeOn();
        _timer = time.CreateTimer(static state => ((Patience)state!).Look(), this, silenceMax, Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Token => _over.Token;

    /// <summary>True when the read was ended for that reason.</summary>
    public bool IsOver { get; private set; }

    public void Dispose()
    {
        _timer?.Dispose();
        _over.Dispose();
    }

    private void Look()
    {
        if (HasComeOn())
        {
            _timer?.Change(_silenceMax, Timeout.InfiniteTimeSpan);
            return;
        }

        IsOver = true;
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The read has just ended.
        }
    }

    /// <summary>Whether anything has come since the last look from a store that had not answered this read by then.</summary>
    private bool HasComeOn()
    {
        bool hasCome = false;
        for (int index = 0; index < _stores.Count; index++)
        {
            long answers = (_stores[index] as IGuardedStore)?.Meter.Answers ?? 0;
            hasCome |= !_isDone[index] && answers != _answers[index];
            (_answers[index], _isDone[index]) = (answers, _hasAnswered(_stores[index]));
        }

        return hasCome;
    }
}
