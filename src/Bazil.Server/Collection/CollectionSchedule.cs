using Bazil.FileSystem.Collection;
using Bazil.Remotes.Packs;
using Bazil.Server.Hosting;
using Bazil.Storage.Collection;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Collection;

/// <summary>Collects garbage in the background, when <see cref="CollectionTiming"/> says so, at a quarter of one processor at most. Disposing it ends a collection that runs.</summary>
internal sealed class CollectionSchedule : IAsyncDisposable
{
    private readonly GarbageCollector _collector;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _closing = new();
    private readonly CollectionTiming _timing = new();
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
            while (await timer.WaitForNextTickAsync(_closing.Token)) await CollectIfDueAsync();
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    /// <summary>A store that is away is told by status; what is wrong with one that is there is told here, too.</summary>
    private void NoteElsewhere(IEnumerable<IElsewhereCollection> elsewhere)
    {
        foreach (IElsewhereCollection store in elsewhere)
        {
            if (store.Problem is { } problem) DaemonLog.NotCollectedElsewhere(_log, store.Address, problem);
            foreach (string left in store.Done?.Problems ?? []) DaemonLog.NotCollectedElsewhere(_log, store.Address, left);
        }
    }

    private async Task CollectIfDueAsync()
    {
        try
        {
            if (!_timing.IsDue(_clock.GetUtcNow(), _collector.Last.Completed)) return;
            (GarbageReport report, IReadOnlyList<IElsewhereCollection> elsewhere) = await _collector.RunAsync(isDryRun: false, PackRemoval.None, new Pace(_clock, Limits.CollectionRestPerWork), _closing.Token);
            NoteElsewhere(elsewhere);
            if (report.Unreadable.Count == 0)
            {
                _timing.NoteCompleted(report);
                DaemonLog.Collected(_log, report.Sweep.Deleted.Objects, report.Sweep.Deleted.Bytes, report.Sweep.Fossilised.Objects);
                return;
            }

            _timing.NoteFailed(_clock.GetUtcNow());
            foreach (UnreadableContent content in report.Unreadable)
            {
                DaemonLog.NotCollected(_log, $"volume {content.Volume} {content.Path}: {content.Reason}; what to do: bazil gc --dry-run");
            }
        }
        catch (Exception e) when (e is not OperationCanceledException || !_closing.IsCancellationRequested)
        {
            // It is tried again later; whoever runs the daemon reads why.
            _timing.NoteFailed(_clock.GetUtcNow());
            DaemonLog.NotCollected(_log, e.Message);
        }
    }
}
