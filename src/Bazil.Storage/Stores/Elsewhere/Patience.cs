namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>
/// Ends a read when nothing has come from any of the stores for a while: not one that waits for its turn on a slow line, on which answers to others come all the time. One read.
/// </summary>
internal sealed class Patience : IDisposable
{
    private readonly IReadOnlyList<IObjectStore> _stores;
    private readonly TimeSpan _silenceMax;
    private readonly CancellationTokenSource _over;
    private readonly ITimer? _timer;
    private long _answers;

    /// <param name="stores">Those that may be asked.</param>
    /// <param name="silenceMax">How long; infinite for ever.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancel">Ends the read, too.</param>
    public Patience(IReadOnlyList<IObjectStore> stores, TimeSpan silenceMax, TimeProvider time, CancellationToken cancel)
    {
        (_stores, _silenceMax, _over) = (stores, silenceMax, CancellationTokenSource.CreateLinkedTokenSource(cancel));
        if (silenceMax == Timeout.InfiniteTimeSpan) return;
        _answers = CountAnswers();
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
        long answers = CountAnswers();
        if (answers != _answers)
        {
            _answers = answers;
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

    private long CountAnswers() => _stores.Sum(static store => (store as IGuardedStore)?.Meter.Answers ?? 0);
}
