namespace Bazil.Server.Sync;

/// <summary>Wakes one who waits; set while nobody waits, it is remembered, once. Safe for concurrent use, and to set under any lock.</summary>
internal sealed class Signal
{
    private readonly SemaphoreSlim _set = new(0);

    public void Set()
    {
        // Two at a time may make it two wakes, which does no harm.
        if (_set.CurrentCount == 0) _set.Release();
    }

    public Task WaitAsync(CancellationToken cancel) => _set.WaitAsync(cancel);

    /// <summary>Returns false when the time is over.</summary>
    public async Task<bool> WaitAsync(TimeSpan most, TimeProvider time, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        try
        {
            await _set.WaitAsync(either.Token);
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
        while (_set.Wait(0))
        {
        }
    }
}
