namespace Bazil.Storage.Arena;

/// <summary>
/// Lets many callers share one sync. The first does it by itself; those who come meanwhile wait for the next, one for all of
/// them. Since callers who were just served usually come back at once, the next sync waits a moment for as many as the last
/// one had, at most a quarter of what a sync takes: otherwise every second sync would serve a single straggler.
/// Safe for concurrent use.
/// </summary>
internal sealed class GroupCommit(Action commit, TimeProvider clock)
{
    /// <summary>A disk so slow that a quarter of its sync is longer gains nothing from more callers.</summary>
    private static readonly TimeSpan _longestWait = TimeSpan.FromMilliseconds(2);

    private readonly Lock _lock = new(); // guards everything below; innermost
    private TaskCompletionSource? _waiting;
    private int _waitingCount;
    private int _lastCount;
    private TimeSpan _lastDuration;
    private bool _isCommitting;
    private Task _last = Task.CompletedTask;

    /// <summary>Cancelling ends the wait, not the sync.</summary>
    public async ValueTask RunAsync(CancellationToken cancel)
    {
        Task? turn = null;
        lock (_lock)
        {
            if (_isCommitting)
            {
                turn = (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                _waitingCount++;
            }

            _isCommitting = true;
        }

        if (turn is not null)
        {
            await turn.WaitAsync(cancel);
            return;
        }

        try
        {
            Commit(1);
        }
        finally
        {
            PassOn();
        }
    }

    /// <summary>Completes when nobody waits any more.</summary>
    public async Task IdleAsync()
    {
        while (true)
        {
            Task last;
            lock (_lock)
            {
                if (!_isCommitting) return;
                last = _last;
            }

            await last;
            await Task.Yield();
        }
    }

    /// <summary>
    /// Those who wait are served by a thread of its own, for as long as there are any: it spends its time blocked in the disk,
    /// and in the pool it would keep the callers whom it woke from running.
    /// </summary>
    private void PassOn()
    {
        lock (_lock)
        {
            if (_waiting is null) _isCommitting = false;
            else _last = Task.Factory.StartNew(CommitForWaiting, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void CommitForWaiting()
    {
        while (true)
        {
            Gather();
            TaskCompletionSource waiting;
            int count;
            lock (_lock)
            {
                if (_waiting is null)
                {
                    _isCommitting = false;
                    return;
                }

                waiting = _waiting;
                count = _waitingCount;
                _waiting = null;
                _waitingCount = 0;
            }

            try
            {
                Commit(count);
                waiting.SetResult();
            }
            catch (Exception exception)
            {
                waiting.SetException(exception); // rethrown by each who waits
            }
        }
    }

    private void Gather()
    {
        long start = clock.GetTimestamp();
        var spin = default(SpinWait);
        while (true)
        {
            lock (_lock)
            {
                TimeSpan limit = _lastDuration / 4;
                if (_waitingCount >= _lastCount || clock.GetElapsedTime(start) > (limit < _longestWait ? limit : _longestWait)) return;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private void Commit(int count)
    {
        long start = clock.GetTimestamp();
        try
        {
            commit();
        }
        finally
        {
            lock (_lock)
            {
                _lastDuration = clock.GetElapsedTime(start);
                _lastCount = count;
            }
        }
    }
}
