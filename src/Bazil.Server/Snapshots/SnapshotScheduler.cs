using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Snapshots;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Unix;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Snapshots;

/// <summary>
/// Takes the scheduled snapshots of all volumes and removes those that their retention does not keep. Time is cut into slots as long as the
/// interval; a slot has one snapshot at most, so after a night switched off there is one and not a dozen, and a clock that jumps makes one too
/// many at most. Disposing it waits for a snapshot that is being taken.
/// </summary>
internal sealed class SnapshotScheduler : IAsyncDisposable
{
    private readonly ConfigStore _config;
    private readonly VolumeRegistry _volumes;
    private readonly SnapshotNotes _notes;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _closing = new();
    private readonly Signal _configChanged = new();

    /// <summary>The slots for which nothing is left to do, also when nothing had changed. Used by the worker only.</summary>
    private readonly Dictionary<VolumeId, long> _done = [];
    private readonly Task _work;

    public SnapshotScheduler(ConfigStore config, VolumeRegistry volumes, SnapshotNotes notes, TimeProvider clock, ILogger log)
    {
        _config = config;
        _volumes = volumes;
        _notes = notes;
        _clock = clock;
        _log = log;
        _config.Changed += _configChanged.Set;
        _work = Task.Run(RunAsync);
    }

    /// <summary>The number of the slot in which a moment lies. Slots of whole days begin at midnight where the machine is.</summary>
    public static long SlotOf(DateTimeOffset time, TimeSpan every, TimeZoneInfo zone) =>
        (long)Math.Floor((time.UtcTicks + zone.GetUtcOffset(time).Ticks) / (double)every.Ticks);

    /// <summary>How long it is until the next slot begins, and a little more: timers are coarse.</summary>
    public static TimeSpan UntilNextSlot(DateTimeOffset time, TimeSpan every, TimeZoneInfo zone)
    {
        long local = time.UtcTicks + zone.GetUtcOffset(time).Ticks;
        return TimeSpan.FromTicks(every.Ticks - (local % every.Ticks)) + TimeSpan.FromMilliseconds(20);
    }

    /// <summary>Takes the snapshot of a volume if its slot has none, and applies the retention. Returns the outcome; null when nothing was due.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="schedule">Its schedule.</param>
    /// <param name="clock">Says what time it is.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<SnapshotOutcome?> RunOnceAsync(Volume volume, SnapshotSchedule schedule, TimeProvider clock, CancellationToken cancel)
    {
        DateTimeOffset now = clock.GetUtcNow();
        long slot = SlotOf(now, schedule.Every, clock.LocalTimeZone);
        bool isTaken = volume.ListSnapshots().Any(s => s.Origin == SnapshotOrigin.Schedule && SlotOf(s.Taken.ToDateTimeOffset(), schedule.Every, clock.LocalTimeZone) == slot);
        SnapshotOutcome? outcome = isTaken ? null : await volume.TakeSnapshotAsync(SnapshotNames.Free(volume, now), SnapshotOrigin.Schedule, skipUnchanged: true, cancel);

        // One that is busy goes the next time.
        foreach (SnapshotReference expired in Retention.FindExpired(volume.ListSnapshots(), schedule.Keep, clock.LocalTimeZone)) volume.RemoveSnapshot(expired.Name);
        return outcome;
    }

    public async ValueTask DisposeAsync()
    {
        _config.Changed -= _configChanged.Set;
        await _closing.CancelAsync();
        await _work;
        _closing.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                IReadOnlyList<VolumeConfig>? volumes = ListVolumes();
                foreach (VolumeConfig volume in volumes ?? [])
                {
                    if (volume.Snapshots is { } schedule) await SeeToAsync(volume, schedule);
                    else _notes.Succeeded(volume.Id);
                }

                await _configChanged.WaitAsync(volumes is null ? Limits.SnapshotCheckInterval : Rest(volumes), _clock, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    /// <summary>Until there is something to be done: for ever when no volume has a schedule.</summary>
    private TimeSpan Rest(IReadOnlyList<VolumeConfig> volumes)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        TimeSpan? rest = null;
        foreach (VolumeConfig volume in volumes)
        {
            if (volume.Snapshots is not { } schedule) continue;
            bool isDone = _done.GetValueOrDefault(volume.Id, long.MinValue) == SlotOf(now, schedule.Every, _clock.LocalTimeZone);
            TimeSpan next = isDone ? UntilNextSlot(now, schedule.Every, _clock.LocalTimeZone) : Limits.SnapshotCheckInterval;
            if (rest is null || next < rest) rest = next;
        }

        return rest is null ? Timeout.InfiniteTimeSpan : rest < Limits.SnapshotLookInterval ? rest.Value : Limits.SnapshotLookInterval;
    }

    /// <summary>Null when they cannot be read.</summary>
    private IReadOnlyList<VolumeConfig>? ListVolumes()
    {
        try
        {
            return _config.ListVolumes();
        }
        catch (Exception e) when (e is IOException or CommandFailedException)
        {
            // The database failed, or a row is not to be understood: every command says so, and the next turn comes.
            DaemonLog.SnapshotFailed(_log, "*", Failures.Describe(e).Message);
            return null;
        }
    }

    private async Task SeeToAsync(VolumeConfig volume, SnapshotSchedule schedule)
    {
        long slot = SlotOf(_clock.GetUtcNow(), schedule.Every, _clock.LocalTimeZone);
        if (_done.GetValueOrDefault(volume.Id, long.MinValue) == slot) return;
        try
        {
            OpenVolume open = await _volumes.OpenAsync(volume.Id, _closing.Token);
            SnapshotOutcome? outcome = await RunOnceAsync(open.Volume, schedule, _clock, _closing.Token);
            if (outcome is { Error: not Errno.OK }) throw SnapshotFailures.Of(outcome.Value.Error, volume.Name, open.Volume.Failure, "by the schedule");
            _done[volume.Id] = slot;
            _notes.Succeeded(volume.Id);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_closing.IsCancellationRequested)
        {
            // A disk that is full or away: shown by status, and tried again.
            string reason = Failures.Describe(e).Message;
            if (_notes.Failed(volume.Id, reason)) DaemonLog.SnapshotFailed(_log, volume.Name, reason);
        }
    }
}
