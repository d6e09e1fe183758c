using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Fetching;
using Bazil.Server.Hosting;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Pacing;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Pinning;

/// <summary>
/// Fetches the pinned content of one volume, as long as it is not disposed: at the start, soon after a change of files or pins, and again after a failure, later each time. What is here is not fetched again, so nothing
/// has to be remembered over a restart.
/// </summary>
internal sealed class PinKeeper : IAsyncDisposable
{
    private readonly OpenVolume _volume;
    private readonly ConfigStore _config;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly BackOff _backOff;
    private readonly Signal _changed = new(); // files or pins
    private readonly Signal _asked = new(); // somebody does not want to wait
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _pacing = new(1); // the pace has one user at a time
    private readonly Task _work;
    private (long BytesPerSecond, BytePace Pace) _pace; // used while _pacing is held
    private TimeSpan _lastPass; // used by the work only
    private volatile ContentFetch? _fetch; // the one that runs
    private volatile PinProgress _progress = PinProgress.Beginning;

    public PinKeeper(OpenVolume volume, ConfigStore config, TimeProvider time, IEntropy entropy, ILogger log)
    {
        (_volume, _config, _time, _log) = (volume, config, time, log);
        _backOff = new BackOff(entropy);
        _pace = (0, new BytePace(time, 0));
        volume.Volume.RowsChanged += _changed.Set;
        volume.Volume.PinsChanged += Wake;
        _work = Task.Run(RunAsync);
    }

    public PinProgress Progress
    {
        get
        {
            PinProgress progress = _progress;
            return _fetch is { } fetch ? progress with { Chunks = fetch.Chunks, MissingChunks = fetch.MissingChunks, FetchedBytes = progress.FetchedBytes + fetch.FetchedBytes } : progress;
        }
    }

    /// <summary>Looks again now, also while it waits after a failure.</summary>
    public void Wake()
    {
        _asked.Set();
        _changed.Set();
    }

    public async ValueTask DisposeAsync()
    {
        _volume.Volume.RowsChanged -= _changed.Set;
        _volume.Volume.PinsChanged -= Wake;
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        _pacing.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (;;)
            {
                _changed.Clear(); // what changes from here on is looked at the next time
                Task returned = _volume.Reach.Returned;
                await PassAsync();
                await RestAsync(returned);
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closed, or the daemon ends; what was fetched is here.
        }
    }

    private async Task PassAsync()
    {
        long began = _time.GetTimestamp();
        _progress = _progress with { Phase = PinPhase.Fetching, RetryAt = null };
        var fetch = new ContentFetch { Fetched = WaitAsync, MissesMax = Limits.PinMissesMax };
        string? problem = null;
        _fetch = fetch;
        try
        {
            await fetch.RunAsync(_volume, _volume.Volume.ListPinnedFiles().SelectMany(_volume.Volume.ContentOf), _stop.Token);
            if (fetch.MissingChunks > 0) problem = $"{fetch.MissingChunks} of {fetch.Chunks} chunks could not be fetched: {fetch.Problem}";
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // The disk is full, or the volume failed: shown by status, said once in the log, tried again.
            problem = Failures.Describe(e).Message;
        }

        _lastPass = _time.GetElapsedTime(began);
        Note(fetch, problem);
    }

    private void Note(ContentFetch fetch, string? problem)
    {
        if (problem is null) _backOff.Reset();
        else if (_progress.Problem is null) DaemonLog.PinsIncomplete(_log, _volume.Volume.Name, problem);
        DateTimeOffset now = _time.GetUtcNow();
        PinProgress done = _progress with
        {
            Phase = problem is null ? PinPhase.Complete : PinPhase.Waiting, Chunks = fetch.Chunks, MissingChunks = fetch.MissingChunks, FetchedBytes = _progress.FetchedBytes + fetch.FetchedBytes,
            Problem = problem, RetryAt = problem is null ? null : now + _backOff.Next(), CompletedAt = problem is null ? now : _progress.CompletedAt,
        };
        _fetch = null;
        _progress = done;
    }

    private async Task RestAsync(Task returned)
    {
        if (_progress.RetryAt is { } retryAt) await WaitForReturnAsync(retryAt - _time.GetUtcNow(), returned);
        else await _changed.WaitAsync(Limits.PinLookInterval, _time, _stop.Token);

        // A program that writes makes many changes: they go together.
        TimeSpan rest = _lastPass * Limits.PinRestPerPass;
        await _asked.WaitAsync(rest < Limits.PinDelay ? Limits.PinDelay : rest > Limits.PinDelayMax ? Limits.PinDelayMax : rest, _time, _stop.Token);
    }

    /// <summary>Until the time is over, something changes, or a store is back that was away.</summary>
    private async Task WaitForReturnAsync(TimeSpan most, Task returned)
    {
        if (most <= TimeSpan.Zero) return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        Task changed = _changed.WaitAsync(most, _time, stop.Token), probing = ProbeAsync(stop.Token);
        await Task.WhenAny(changed, returned);
        await stop.CancelAsync();
        await Task.WhenAll(changed, probing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // both were cancelled, or are done
        _stop.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Looks whether stores that are away are back: nobody else may ask them.</summary>
    private async Task ProbeAsync(CancellationToken cancel)
    {
        for (;;)
        {
            await Task.Delay(Limits.PinProbeInterval, _time, cancel);
            await _volume.Reach.ProbeAwayAsync(cancel);
        }
    }

    private async ValueTask WaitAsync(int bytes, CancellationToken cancel)
    {
        await _pacing.WaitAsync(cancel);
        try
        {
            long rate = _config.ReadCache().PinRate ?? 0;
            if (_pace.BytesPerSecond != rate) _pace = (rate, new BytePace(_time, rate, rate));
            await _pace.Pace.WaitAsync(bytes, cancel);
        }
        finally
        {
            _pacing.Release();
        }
    }
}
