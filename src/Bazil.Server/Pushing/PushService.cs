using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Hosting;
using Bazil.Server.Storages;
using Bazil.Server.Sync;

namespace Bazil.Server.Pushing;

/// <summary>Copies new content of all volumes to those of their storages that are on other machines, in the background. Follows the configuration. Safe for concurrent use.</summary>
internal sealed class PushService : IAsyncDisposable
{
    private readonly PushParts _parts;
    private readonly Signal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _refreshing = new(1);

    // Guards _pushes; nothing is waited for while it is held. They are started and ended while _refreshing is held.
    private readonly Lock _gate = new();
    private readonly Dictionary<(VolumeId Volume, StorageAddress Address), StorePush> _pushes = [];
    private Task _work = Task.CompletedTask;

    public PushService(PushParts parts)
    {
        _parts = parts;
        parts.Config.Changed += _changed.Set;
    }

    /// <summary>Begins. Once, when the volumes may be opened.</summary>
    public void Start() => _work = Task.Run(FollowAsync);

    /// <summary>Does at once what the configuration now says: what is not in it any more has ended on return.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        await _refreshing.WaitAsync(cancel);
        try
        {
            if (_stop.IsCancellationRequested) return;
            Dictionary<(VolumeId, StorageAddress), VolumeStorage> wanted = [];
            foreach (VolumeConfig volume in _parts.Config.ListVolumes().Where(static volume => !volume.IsImporting))
            {
                foreach (VolumeStorage storage in volume.Storages.Where(static storage => storage.Address.IsRemote)) wanted[(volume.Id, storage.Address)] = storage;
            }

            await EndAsync(key => !wanted.ContainsKey(key));
            lock (_gate)
            {
                foreach (((VolumeId Volume, StorageAddress) key, VolumeStorage storage) in wanted)
                {
                    if (_pushes.TryGetValue(key, out StorePush? push)) push.Storage = storage;
                    else _pushes.Add(key, new StorePush(key.Volume, storage, _parts));
                }
            }
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>How far the copying of a volume to a storage is; null when nothing is copied there.</summary>
    public PushProgress? ProgressOf(VolumeId volume, StorageAddress address) => Find(volume, address)?.Progress;

    /// <summary>
    /// Nothing of a volume counts as copied to a storage any more that is no longer its own. Which store it was is forgotten when no volume uses it: another one may take its place.
    /// Only after <see cref="RefreshAsync"/>.
    /// </summary>
    public async Task ForgetAsync(VolumeId volume, StorageAddress address)
    {
        if (PackStore.Recall(_parts.Metadata, address.ToString()!) is { } store) PushMark.Forget(_parts.Metadata, volume, store);
        if (_parts.Config.ListVolumes().Any(other => other.Storages.Any(storage => storage.Address == address))) return;
        if (await _parts.Storages.ForgetRemoteAsync(address) is { } problem) DaemonLog.LeaseLeft(_parts.Log, address.ToString()!, problem);
    }

    /// <summary>Looks again now, also while it waits after a failure.</summary>
    public void Wake(VolumeId volume, StorageAddress address) => Find(volume, address)?.Wake();

    /// <summary>
    /// Files, directories, links and snapshots that are not known to be copied as they are at this moment, whatever the last pass found; null while that is not known, also while everything has to be gone through
    /// again. At most <see cref="Limits.StatusChangesMax"/> are counted.
    /// </summary>
    public int? CountWaiting(VolumeConfig config, StorageAddress address)
    {
        if (ProgressOf(config.Id, address)?.StoreId is not { } store || _parts.Volumes.Find(config.Id) is not { } volume) return null;
        PushMark? mark = PushMark.Read(_parts.Metadata, config.Id, store);
        if (mark?.StillCounts(PushMark.EpochsOf(volume.Keys), _parts.Storages.OpenRemote(address).Generation) == false) return null;
        return volume.Volume.CountBeyond(mark?.Content ?? ContentMark.None, Limits.StatusChangesMax);
    }

    public async ValueTask DisposeAsync()
    {
        _parts.Config.Changed -= _changed.Set;
        await _stop.CancelAsync();
        await _work;
        await _refreshing.WaitAsync(CancellationToken.None);
        await EndAsync(static _ => true);
        _refreshing.Dispose();
        _stop.Dispose();
    }

    private StorePush? Find(VolumeId volume, StorageAddress address)
    {
        lock (_gate) return _pushes.GetValueOrDefault((volume, address));
    }

    private async Task EndAsync(Func<(VolumeId, StorageAddress), bool> isOver)
    {
        List<StorePush> over = [];
        lock (_gate)
        {
            foreach ((VolumeId, StorageAddress) key in _pushes.Keys.Where(isOver).ToList())
            {
                _pushes.Remove(key, out StorePush? push);
                over.Add(push!);
            }
        }

        foreach (StorePush push in over) await push.DisposeAsync();
    }

    private async Task FollowAsync()
    {
        try
        {
            for (;;)
            {
                await RefreshAsync(_stop.Token);
                await _changed.WaitAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
    }
}
