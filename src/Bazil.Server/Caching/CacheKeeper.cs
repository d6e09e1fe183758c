using System.Globalization;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Sync;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Caching;

/// <summary>Keeps this node's own store below its limit, and its disk above its floor: evicts what was not used for the longest time. Sleeps while neither is set. Disposing it ends an eviction that runs.</summary>
internal sealed class CacheKeeper : IAsyncDisposable
{
    private readonly EvictionParts _parts;
    private readonly string _directory;
    private readonly ILogger _log;
    private readonly Signal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private TimeSpan _rest; // after a run that did not free enough; used by the work only
    private volatile CacheState _state = CacheState.Beginning;
    private volatile EvictionRun? _run;

    /// <param name="parts">Borrowed.</param>
    /// <param name="directory">On the disk of the store.</param>
    /// <param name="log">Told when it gets no further.</param>
    public CacheKeeper(EvictionParts parts, string directory, ILogger log)
    {
        (_parts, _directory, _log) = (parts, directory, log);
        parts.Config.Changed += Wake;
    }

    /// <summary>As of now.</summary>
    public CacheState State
    {
        get
        {
            CacheState state = Measure();
            return _run is { } run ? state with { IsEvicting = true, EvictedBytes = state.EvictedBytes + run.EvictedBytes } : state;
        }
    }

    /// <summary>Begins. Once, when the volumes may be opened.</summary>
    public void Start() => _work = Task.Run(RunAsync);

    /// <summary>Looks now, also while it waits after a failure.</summary>
    public void Wake() => _changed.Set();

    public async ValueTask DisposeAsync()
    {
        _parts.Config.Changed -= Wake;
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (;;)
            {
                if (!await TryLookAsync())
                {
                    await _changed.WaitAsync(_stop.Token);
                    _rest = TimeSpan.Zero;
                    continue;
                }

                if (await _changed.WaitAsync(_rest > Limits.CacheLookInterval ? _rest : Limits.CacheLookInterval, _parts.Time, _stop.Token)) _rest = TimeSpan.Zero;
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends; what was evicted is gone, and the rest is here.
        }
    }

    /// <summary>False when nothing is set, so that there is nothing to look at.</summary>
    private async Task<bool> TryLookAsync()
    {
        EvictionRun? run = null;
        string? problem = null;
        try
        {
            CacheSettings settings = _parts.Config.ReadCache();
            if (settings is { LimitBytes: null, FreeBytes: null })
            {
                _state = _state with { OverBytes = 0, Problem = null, RetryAt = null };
                return false;
            }

            CacheState before = _state = Measure();
            if (before.OverBytes == 0)
            {
                _rest = TimeSpan.Zero;
                _state = before with { Problem = null, RetryAt = null };
                return true;
            }

            run = await EvictAsync(settings, before);
            if (run.EvictedBytes < before.OverBytes) problem = Describe(before.OverBytes - run.EvictedBytes, run.Report);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // Shown by status, said once in the log, tried again.
            problem = Failures.Describe(e).Message;
        }

        Note(run?.EvictedBytes ?? 0, problem);
        return true;
    }

    private async Task<EvictionRun> EvictAsync(CacheSettings settings, CacheState before)
    {
        // Somewhat more than needed, or the next byte would begin another run.
        long more = (settings.LimitBytes ?? before.UsedBytes) / Limits.CacheMoreDivisor;
        var run = new EvictionRun(_parts, new EvictionGoal { BytesMax = before.OverBytes + more }, new Pace(_parts.Time, Limits.EvictionRestPerWork));
        _run = run;
        try
        {
            await run.RunAsync(_stop.Token);
            return run;
        }
        finally
        {
            _run = null;
        }
    }

    private void Note(long evictedBytes, string? problem)
    {
        if (problem is not null && _state.Problem is null) DaemonLog.NotEvicted(_log, problem);
        _rest = problem is null ? TimeSpan.Zero : _rest == TimeSpan.Zero ? Limits.EvictionRetryMin : _rest * 2 < Limits.EvictionRetryMax ? _rest * 2 : Limits.EvictionRetryMax;
        _state = _state with { EvictedBytes = _state.EvictedBytes + evictedBytes, Problem = problem, RetryAt = problem is null ? null : _parts.Time.GetUtcNow() + _rest };
    }

    private CacheState Measure()
    {
        CacheSettings settings = _parts.Config.ReadCache();
        IObjectStore store = _parts.Storages.OpenLocal().Inner;
        if (store is ConvertingObjectStore converting) store = converting.Target;
        long used = (store as IStoreInventory)?.Usage.LiveBytes ?? 0, free = DiskSpace.Of(_directory).UsableBytes;
        return _state with { UsedBytes = used, DiskFreeBytes = free, OverBytes = Math.Max(0, Math.Max(used - (settings.LimitBytes ?? used), (settings.FreeBytes ?? free) - free)) };
    }

    private static string Describe(long missing, EvictionReport report)
    {
        string reasons = string.Join("; ", report.Kept.OrderByDescending(static kept => kept.Value.Bytes).Take(3).Select(static kept => string.Create(CultureInfo.InvariantCulture, $"{kept.Value.Objects} objects stay: {kept.Key}")));
        return string.Create(CultureInfo.InvariantCulture, $"{missing} bytes more are to go than may go{(reasons.Length > 0 ? $": {reasons}" : ": everything else is pinned or needed to find the rest")}");
    }
}
