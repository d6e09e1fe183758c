using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Sync;
using Bazil.Storage.Pacing;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Volumes;

/// <summary>
/// After a rotation, seals the content of volumes anew in the background, one volume at a time and at a bounded rate, until their old epochs have
/// retired. Looks after it now and then and whenever it is nudged. Disposing it stops it; it goes on where it was at the next start.
/// </summary>
internal sealed class RotationWorker : IAsyncDisposable
{
    private readonly ConfigStore _config;
    private readonly VolumeEpochs _epochs;
    private readonly VolumeRegistry _volumes;
    private readonly TimeProvider _time;
    private readonly ILogger<RotationWorker> _log;
    private readonly Signal _nudged = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public RotationWorker(ConfigStore config, VolumeEpochs epochs, VolumeRegistry volumes, TimeProvider time, ILogger<RotationWorker> log)
    {
        _config = config;
        _epochs = epochs;
        _volumes = volumes;
        _time = time;
        _log = log;
        _nudged.Set();
        _work = Task.Run(RunAsync);
    }

    /// <summary>Something has changed: a rotation, a key, what other members know. Does nothing when it has been disposed.</summary>
    public void Nudge() => _nudged.Set();

    /// <summary>The configuration names the newest key that is here: older ones may be removed one day.</summary>
    public void Rename(VolumeConfig volume)
    {
        foreach (KeyEpoch epoch in _epochs.Of(volume).Epochs.Reverse())
        {
            if (_epochs.Keys.NameOf(epoch.Key) is not { } name) continue;
            if (name != volume.SharingKeyName || epoch.Generation != volume.KeyGeneration)
            {
                _config.UpdateVolume(volume.Name, v => v with { SharingKeyName = name, KeyGeneration = epoch.Generation });
            }

            return;
        }
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
            bool isWaiting = true;
            while (true)
            {
                // Where no key was ever rotated, nothing is to be looked after before somebody tells of a rotation.
                await _nudged.WaitAsync(isWaiting ? Limits.RotationInterval : Timeout.InfiniteTimeSpan, _time, _stop.Token);
                IReadOnlyList<VolumeConfig>? volumes = ListVolumes();
                isWaiting = volumes is null;
                foreach (VolumeConfig volume in volumes ?? []) isWaiting |= await SeeToAsync(volume);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends; what was done is kept.
        }
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
            DaemonLog.ResealFailed(_log, "*", Failures.Describe(e).Message);
            return null;
        }
    }

    /// <summary>Returns false when the volume's key is the only one that it ever had.</summary>
    private async Task<bool> SeeToAsync(VolumeConfig volume)
    {
        try
        {
            KeyEpochList epochs = _epochs.Of(volume);
            bool isUnderWay = epochs.Epochs.Count > 1;
            if (!isUnderWay && epochs.Newest.Generation <= 1) return false;
            if (!isUnderWay && !_volumes.IsOpen(volume.Id)) return true;
            Rename(volume);
            OpenVolume open = await _volumes.OpenAsync(volume.Id, _stop.Token);
            var pace = new BytePace(_time, Limits.ResealBytesPerSecond);
            await open.Volume.ResealAsync((bytes, cancel) => pace.WaitAsync(bytes, cancel), _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A disk that is away or full, a database that failed: said here, tried again at the next look.
            DaemonLog.ResealFailed(_log, volume.Name, Failures.Describe(e).Message);
        }

        return true;
    }
}
