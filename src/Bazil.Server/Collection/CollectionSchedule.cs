using Bazil.Server.Hosting;
using Bazil.Storage.Collection;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Collection;

/// <summary>Collects garbage in the background, once a day, at a quarter of one processor at most. Disposing it ends a collection that runs.</summary>
internal sealed class CollectionSchedule : IAsyncDisposable
{
    private readonly GarbageCollector _collector;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _work;

    public CollectionSchedule(GarbageCollector collector, TimeProvider clock, ILogger log)
    {
        _collector = collector;
        _clock = clock;
        _log = log;
        _work = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _work;
        _closing.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Limits.CollectionCheckInterval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                // A clock that was set back makes the last one lie in the future: that counts as long ago.
                if ((_clock.GetUtcNow() - _collector.Last.Completed).Duration() >= Limits.CollectionInterval) await CollectAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task CollectAsync()
    {
        try
        {
            SweepReport sweep = (await _collector.RunAsync(isDryRun: false, new Pace(_clock, Limits.CollectionRestPerWork), _closing.Token)).Sweep;
            DaemonLog.Collected(_log, sweep.Deleted.Objects, sweep.Deleted.Bytes, sweep.Fossilised.Objects);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_closing.IsCancellationRequested)
        {
            // It is tried again with the next tick; whoever runs the daemon reads why.
            DaemonLog.NotCollected(_log, e.Message);
        }
    }
}
