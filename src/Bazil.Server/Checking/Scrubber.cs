using Bazil.Core;
using Bazil.FileSystem.Checking;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Checking;

/// <summary>
/// Reads and hashes the content of all volumes in the background, at a bounded rate, and heals what it can. A scrub of a volume goes
/// in <see cref="Limits.ScrubSliceCount"/> slices by chunk key; what was done is recorded after each, so that a restart repeats one
/// slice at most. Disposing it ends the slice under way.
/// </summary>
internal sealed class Scrubber : IAsyncDisposable
{
    private readonly ConfigStore _config;
    private readonly VolumeChecker _checker;
    private readonly CheckLedger _ledger;
    private readonly ScrubOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<Scrubber> _log;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Why the last scrub of a volume failed: said once, not at each look. Used by the worker only.</summary>
    private readonly Dictionary<VolumeId, string> _failures = [];
    private readonly Task _work;

    public Scrubber(ConfigStore config, VolumeChecker checker, CheckLedger ledger, ScrubOptions options, TimeProvider clock, ILogger<Scrubber> log)
    {
        _config = config;
        _checker = checker;
        _ledger = ledger;
        _options = options;
        _clock = clock;
        _log = log;
        _work = Task.Run(() => RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await Task.Delay(_options.Delay, _clock, cancel);
            while (true)
            {
                long start = _clock.GetTimestamp();
                bool isDone = await ScrubAllAsync(cancel);
                await Task.Delay(isDone ? _options.Pause : RestAfterFailure(_clock.GetElapsedTime(start)), _clock, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>As long as it took, within bounds: what reads for half an hour and fails each time does not read all the time.</summary>
    private TimeSpan RestAfterFailure(TimeSpan took) => took <= _options.Retry ? _options.Retry : took <= _options.Pause ? took : _options.Pause;

    /// <summary>Returns false when something failed, which was said.</summary>
    private async Task<bool> ScrubAllAsync(CancellationToken cancel)
    {
        bool isDone = true;
        try
        {
            foreach (VolumeConfig volume in _config.ListVolumes()) isDone &= await ScrubAsync(volume, cancel);
        }
        catch (Exception e) when (e is IOException or CommandFailedException)
        {
            // The database failed, or a row is not to be understood: every command says so, and the next look comes.
            DaemonLog.ScrubFailed(_log, "*", Failures.Describe(e).Message);
            return false;
        }

        return isDone;
    }

    private async Task<bool> ScrubAsync(VolumeConfig volume, CancellationToken cancel)
    {
        try
        {
            while (IsDue(_ledger.Read(volume.Id)) && _config.FindVolume(volume.Id) is not null)
            {
                int slice = _ledger.Read(volume.Id).NextSlice;
                var options = new CheckOptions
                {
                    ReadPercent = 100,
                    BytesPerSecondMax = _options.BytesPerSecondMax,
                    Includes = key => key.Span[0] % Limits.ScrubSliceCount == slice,
                };
                CheckReport report = await _checker.RunAsync(volume, options, started: null, cancel);
                foreach (AffectedPath lost in report.Lost) DaemonLog.ContentLost(_log, volume.Name, lost.Path, lost.Reason);
                if (report.HealedCount > 0) DaemonLog.ContentHealed(_log, volume.Name, report.HealedCount);
                _ledger.AddSlice(volume.Id, report);
            }

            _failures.Remove(volume.Id);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // Tried again later; the server and the other volumes go on.
            string reason = Failures.Describe(e).Message;
            if (_failures.GetValueOrDefault(volume.Id) != reason) DaemonLog.ScrubFailed(_log, volume.Name, reason);
            _failures[volume.Id] = reason;
            return false;
        }
    }

    /// <summary>A scrub that was begun goes on at once.</summary>
    private bool IsDue(CheckRecord record) =>
        record.NextSlice > 0 || record.FinishedAt is not { } finished || _clock.GetUtcNow() - finished >= _options.Interval;
}
