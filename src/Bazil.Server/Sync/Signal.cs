namespace Bazil.Server.Sync;

/// <summary>Wakes the one who waits; set while nobody waits, it is remembered, once. Safe to set under any lock and from anywhere; one waits at a time.</summary>
internal sealed class Signal
{
    private readonly Lock _lock = new(); // guards both below; calls nothing outside
    private bool _isSet;
    private TaskCompletionSource? _waiter;

    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_lock)
        {
            waiter = _waiter;
            _waiter = null;
            _isSet |= waiter is null;
        }

        waiter?.SetResult();
    }

    public async Task WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        TaskCompletionSource waiter;
        lock (_lock)
        {
            bool wasSet = _isSet;
            _isSet = false;
            if (wasSet) return;
            waiter = _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        try
        {
            await waiter.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            // Set at the same moment: the next one who waits is to know.
            lock (_lock)
            {
                if (_waiter == waiter) _waiter = null;
                else _isSet = true;
            }

            throw;
        }
    }

    /// <summary>Returns false when the time is over.</summary>
    public async Task<bool> WaitAsync(TimeSpan most, TimeProvider time, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            await WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Forgets that it was set.</summary>
    public void Clear()
    {
        lock (_lock) _isSet = false;
    }
}
