using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Pinning;

/// <summary>Keeps the pinned content of all volumes on this machine, in the background. Follows the configuration and the pins. Safe for concurrent use.</summary>
internal sealed class PinService(ConfigStore config, VolumeRegistry volumes, IMetadataReader metadata, TimeProvider time, IEntropy entropy, ILogger<PinService> log) : IAsyncDisposable
{
    private readonly Signal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _refreshing = new(1); // held while keepers are started and ended

    // Guards _keepers; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private readonly Dictionary<VolumeId, PinKeeper> _keepers = [];
    private Task _work = Task.CompletedTask;

    /// <summary>Begins. Once, when the volumes may be opened.</summary>
    public void Start()
    {
        config.Changed += _changed.Set;
        _work = Task.Run(FollowAsync);
    }

    /// <summary>Sees to what a volume has pinned now.</summary>
    public void Wake() => _changed.Set();

    /// <summary>How far it is; null when nothing is pinned there.</summary>
    public PinProgress? ProgressOf(VolumeId volume)
    {
        lock (_gate) return _keepers.GetValueOrDefault(volume)?.Progress;
    }

    /// <summary>Ends what is done about a volume that is about to be removed.</summary>
    public async Task ForgetAsync(VolumeId volume, CancellationToken cancel)
    {
        await _refreshing.WaitAsync(cancel);
        try
        {
            await EndAsync(volume);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        config.Changed -= _changed.Set;
        await _stop.CancelAsync();
        await _work;
        VolumeId[] running;
        lock (_gate) running = [.. _keepers.Keys];
        foreach (VolumeId volume in running) await EndAsync(volume);
        _refreshing.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            for (;;)
            {
                await RefreshAsync();
                await _changed.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }

    private async Task RefreshAsync()
    {
        await _refreshing.WaitAsync(_stop.Token);
        try
        {
            HashSet<VolumeId> wanted = [];
            foreach (VolumeConfig volume in config.ListVolumes().Where(volume => !volume.IsImporting && Volume.HasPins(metadata, volume.LocalNumber)))
            {
                if (await OpenAsync(volume) is not { } open) continue;
                wanted.Add(volume.Id);
                lock (_gate)
                {
                    if (!_keepers.ContainsKey(volume.Id)) _keepers.Add(volume.Id, new PinKeeper(open, config, time, entropy, log));
                }
            }

            VolumeId[] over;
            lock (_gate) over = [.. _keepers.Keys.Where(volume => !wanted.Contains(volume))];
            foreach (VolumeId volume in over) await EndAsync(volume);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    private async Task<OpenVolume?> OpenAsync(VolumeConfig volume)
    {
        try
        {
            return await volumes.OpenAsync(volume.Id, _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whoever uses the volume is told, too; it is tried again when the configuration changes.
            DaemonLog.PinsIncomplete(log, volume.Name, Failures.Describe(e).Message);
            return null;
        }
    }

    private async Task EndAsync(VolumeId volume)
    {
        PinKeeper? keeper;
        lock (_gate) _keepers.Remove(volume, out keeper);
        if (keeper is not null) await keeper.DisposeAsync();
    }
}
