using Bazil.FileSystem.Live;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Volumes;

/// <summary>
/// The stores elsewhere of one volume, for reads that wait until one of them is back. While somebody waits, those that could not be reached are asked for a sign of life a few times a second.
/// Safe for concurrent use; disposing it waits for the questions under way.
/// </summary>
internal sealed class VolumeReach : IContentReach, IAsyncDisposable
{
    private readonly MultiObjectStore _stores;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();

    // Guards what follows; calls nothing outside.
    private readonly Lock _gate = new();
    private IReadOnlyList<IGuardedStore> _followed = [];
    private TaskCompletionSource _returned = NewSignal();
    private int _watchers;
    private Task _probing = Task.CompletedTask;

    public VolumeReach(MultiObjectStore stores, TimeProvider time, TimeSpan waitMax)
    {
        (_stores, _time, WaitMax) = (stores, time, waitMax);
        Follow();
    }

    public TimeSpan WaitMax
    {
        get => _stores.SilenceMax == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : _stores.SilenceMax;
        set => _stores.SilenceMax = value > TimeSpan.Zero ? value : Timeout.InfiniteTimeSpan;
    }

    public Task Returned
    {
        get
        {
            lock (_gate) return _returned.Task;
        }
    }

    public IReadOnlyCollection<string> Away
    {
        get
        {
            IReadOnlyList<IGuardedStore> stores;
            lock (_gate) stores = _followed;
            return [.. stores.Where(static store => store.Problem is not null).Select(static store => store.Name)];
        }
    }

    /// <summary>The volume has other stores now: whoever waits asks them.</summary>
    public void Follow()
    {
        IReadOnlyList<IGuardedStore> stores = [.. _stores.Others.OfType<IGuardedStore>()], before;
        lock (_gate) (before, _followed) = (_followed, stores);
        foreach (IGuardedStore store in before) store.Returned -= Signal;
        foreach (IGuardedStore store in stores) store.Returned += Signal;
        Signal();
    }

    public IDisposable Watch()
    {
        lock (_gate)
        {
            if (++_watchers == 1 && !_ending.IsCancellationRequested) _probing = ProbeAsync(_probing);
        }

        return new Watcher(this);
    }

    /// <summary>Asks once each store that could not be reached the last time; <see cref="Returned"/> tells of those that answer.</summary>
    public Task ProbeAwayAsync(CancellationToken cancel)
    {
        IReadOnlyList<IGuardedStore> stores;
        lock (_gate) stores = _followed;
        return Task.WhenAll(stores.Where(static store => store.Problem is not null).Select(store => ProbeAsync(store, cancel)));
    }

    public async ValueTask DisposeAsync()
    {
        IReadOnlyList<IGuardedStore> stores;
        Task probing;
        lock (_gate)
        {
            if (_ending.IsCancellationRequested) return;
            _ending.Cancel();
            (stores, _followed, probing) = (_followed, [], _probing);
        }

        foreach (IGuardedStore store in stores) store.Returned -= Signal;
        await probing;
        _ending.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        TaskCompletionSource returned;
        lock (_gate) (returned, _returned) = (_returned, NewSignal());
        returned.SetResult();
    }

    /// <summary>Asks until nobody waits any more.</summary>
    private async Task ProbeAsync(Task before)
    {
        await before;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        var running = new Dictionary<IGuardedStore, Task>();
        try
        {
            for (;;)
            {
                IReadOnlyList<IGuardedStore> stores;
                lock (_gate)
                {
                    if (_watchers == 0) break;
                    stores = _followed;
                }

                foreach (IGuardedStore store in stores)
                {
                    if (store.Problem is not null && (!running.TryGetValue(store, out Task? last) || last.IsCompleted)) running[store] = ProbeAsync(store, stop.Token);
                }

                await Task.Delay(Limits.ProbeInterval, _time, stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closed.
        }

        await stop.CancelAsync();
        await Task.WhenAll(running.Values);
    }

    private static async Task ProbeAsync(IGuardedStore store, CancellationToken cancel)
    {
        try
        {
            await Task.Run(() => store.ProbeAsync(cancel), cancel).WaitAsync(cancel);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It is still away, which its health says, or nobody waits for it any more.
        }
    }

    private sealed class Watcher(VolumeReach reach) : IDisposable
    {
        private int _isDisposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
            lock (reach._gate) reach._watchers--;
        }
    }
}
