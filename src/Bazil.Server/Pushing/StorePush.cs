using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Pacing;
using Bazil.Storage.Stores;

namespace Bazil.Server.Pushing;

/// <summary>
/// Copies what is new in one volume to one store elsewhere, as long as it is not disposed: soon after a change, and again after a failure, later each time. Where it is is
/// kept in the store and in this node's database, so it goes on after a restart.
/// </summary>
internal sealed class StorePush : IAsyncDisposable
{
    private readonly VolumeId _volume;
    private readonly PushParts _parts;
    private readonly BackOff _backOff;
    private readonly Signal _changed = new(); // there may be something new
    private readonly Signal _asked = new(); // somebody does not want to wait
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    private TimeSpan _lastPass; // used by the work only
    private OpenVolume? _watched; // whose changes wake this; used by the work only
    private RemoteStore? _store; // whose losses wake this; used by the work only
    private (long BytesPerSecond, BytePace Pace) _pace; // used by the work only
    private volatile VolumeStorage _storage;
    private volatile PushProgress _progress = PushProgress.Beginning;

    public StorePush(VolumeId volume, VolumeStorage storage, PushParts parts)
    {
        (_volume, _storage, _parts) = (volume, storage, parts);
        _backOff = new BackOff(parts.Entropy);
        _pace = (0, new BytePace(parts.Time, 0));
        _work = Task.Run(RunAsync);
    }

    public PushProgress Progress => _progress;

    /// <summary>The storage as the configuration now has it; its address stays the same.</summary>
    public VolumeStorage Storage
    {
        set => _storage = value;
    }

    /// <summary>Looks again now, also while it waits after a failure.</summary>
    public void Wake()
    {
        _asked.Set();
        _changed.Set();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await PassAsync()) await RestAsync();
        }
        catch (OperationCanceledException)
        {
            // The storage was removed, or the daemon ends; what was copied is noted.
        }
        finally
        {
            if (_watched is { } watched) watched.Volume.RowsChanged -= _changed.Set;
            if (_store is { } store) store.Lost -= _changed.Set;
        }
    }

    private async Task RestAsync()
    {
        if (_progress is { Phase: PushPhase.Waiting, RetryAt: { } retryAt })
        {
            TimeSpan wait = retryAt - _parts.Time.GetUtcNow();
            if (wait > TimeSpan.Zero) await _asked.WaitAsync(wait, _parts.Time, _stop.Token);
            return;
        }

        if (_progress.Phase == PushPhase.Copying) return;
        await _changed.WaitAsync(Limits.PushWholeInterval, _parts.Time, _stop.Token);

        // A program that writes makes many changes: they go together.
        TimeSpan rest = _lastPass * Limits.PushRestPerPass;
        await _asked.WaitAsync(rest < Limits.PushDelay ? Limits.PushDelay : rest > Limits.PushDelayMax ? Limits.PushDelayMax : rest, _parts.Time, _stop.Token);
        _changed.Clear();
    }

    /// <summary>Returns false when the volume, or its storage, is there no more.</summary>
    private async Task<bool> PassAsync()
    {
        try
        {
            if (_parts.Config.FindVolume(_volume) is not { IsImporting: false } config || config.Storages.All(storage => storage.Address != _storage.Address)) return false;
            _progress = _progress with { Phase = PushPhase.Copying };
            OpenVolume volume = await _parts.Volumes.OpenAsync(_volume, _stop.Token);
            if (_watched is null) (_watched = volume).Volume.RowsChanged += _changed.Set;
            if (_store is null) (_store = _parts.Storages.OpenRemote(_storage.Address)).Lost += _changed.Set;
            var pass = new PushPass(config, volume, _store, _parts.Metadata, _parts.Time, SentAsync);
            long began = _parts.Time.GetTimestamp();
            Guid store = await pass.RunAsync(_stop.Token);
            _lastPass = _parts.Time.GetElapsedTime(began);
            _progress = _progress with
            {
                Phase = pass.IsCutShort ? PushPhase.Copying : PushPhase.Complete, Problem = null, IsAway = false, RetryAt = null, StoreId = store,
                AbsentChunks = pass.AbsentChunks,
                CompletedAt = pass.IsCutShort ? _progress.CompletedAt : _parts.Time.GetUtcNow(),
            };
            _backOff.Reset();
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // The other side is away, full, or does not let us in: shown by status, said once in the log, tried again.
            string problem = Failures.Describe(e).Message;
            bool isAway = e is StoreException { IsUnreachable: true }, isDisk = _storage.Address is StorageAddress.DiskStorage;
            if (problem != _progress.Problem && !(isAway && isDisk)) DaemonLog.PushFailed(_parts.Log, _parts.Config.FindVolume(_volume)?.Name ?? "", _storage.Name, problem);
            _progress = _progress with { Phase = PushPhase.Waiting, Problem = problem, IsAway = isAway, RetryAt = _parts.Time.GetUtcNow() + (isAway && isDisk ? Limits.DiskLookInterval : _backOff.Next()) };
        }

        return true;
    }

    private ValueTask SentAsync(int bytes, CancellationToken cancel)
    {
        _progress = _progress with { SentObjects = _progress.SentObjects + 1, SentBytes = _progress.SentBytes + bytes };
        ImmutableArray<RateRule> rules = _storage.Rates;
        long rate = rules.IsEmpty ? 0 : RateRule.EachAt(rules, TimeOnly.FromDateTime(_parts.Time.GetLocalNow().DateTime)).Up ?? 0;
        if (_pace.BytesPerSecond != rate) _pace = (rate, new BytePace(_parts.Time, rate, Remotes.Limits.PackSizeBytes));
        return _pace.Pace.WaitAsync(bytes, cancel);
    }
}
