using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Collection;

namespace Bazil.Server.Caching;

/// <summary>Looks from time to time whether the policies of volumes are met, for those that were given one. Safe for concurrent use.</summary>
internal sealed class PolicyWatch : IAsyncDisposable
{
    private readonly EvictionParts _parts;
    private readonly Signal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _looking = new(1); // one look at a time
    private readonly ConcurrentDictionary<VolumeId, (PolicyCounts? Counts, string? Problem)> _found = new();
    private Task _work = Task.CompletedTask;

    public PolicyWatch(EvictionParts parts)
    {
        _parts = parts;
        parts.Config.Changed += _changed.Set;
    }

    /// <summary>Begins. Once, when the volumes may be opened.</summary>
    public void Start() => _work = Task.Run(RunAsync);

    /// <summary>What the last look found, and why there was none since; both null before the first.</summary>
    public (PolicyCounts? Counts, string? Problem) Find(VolumeId volume) => _found.GetValueOrDefault(volume);

    /// <summary>Looks now.</summary>
    public async Task<PolicyCounts> LookAsync(VolumeConfig volume, Pace pace, CancellationToken cancel)
    {
        await _looking.WaitAsync(cancel);
        try
        {
            OpenVolume open = await _parts.Volumes.OpenAsync(volume.Id, cancel);
            PolicyCounts counts = await Task.Run(() => new PolicyLook(volume, open, _parts, pace).RunAsync(cancel), cancel);
            _found[volume.Id] = (counts, null);
            return counts;
        }
        finally
        {
            _looking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _parts.Config.Changed -= _changed.Set;
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        _looking.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            for (;;)
            {
                VolumeConfig[] watched = [.. _parts.Config.ListVolumes().Where(static volume => volume is { CopiesSet: not null, IsImporting: false })];
                foreach (VolumeId gone in _found.Keys.Except(watched.Select(static volume => volume.Id)).ToList()) _found.TryRemove(gone, out _);
                foreach (VolumeConfig volume in watched) await TryLookAsync(volume);
                if (watched.Length == 0) await _changed.WaitAsync(_stop.Token);
                else if (await _changed.WaitAsync(Limits.PolicyLookInterval, _parts.Time, _stop.Token)) await Task.Delay(Limits.PushDelay, _parts.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task TryLookAsync(VolumeConfig volume)
    {
        try
        {
            await LookAsync(volume, new Pace(_parts.Time, Limits.EvictionRestPerWork), _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            // Shown by status; it is looked again later.
            _found[volume.Id] = (_found.GetValueOrDefault(volume.Id).Counts, Failures.Describe(e).Message);
        }
    }
}
