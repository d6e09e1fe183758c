using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Mounts;
using Bazil.Server.Storages;
using Bazil.Storage.Cas;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Volumes;

/// <summary>
/// The volumes in use: opened when first needed, mounted and unmounted here, closed when the daemon ends. Safe for concurrent use.
/// Disposing it unmounts all and makes them durable.
/// </summary>
internal sealed class VolumeRegistry(ConfigStore config, VolumeFactory factory, PeerId self, ILogger<VolumeRegistry> log) : IAsyncDisposable
{
    // Held while a volume is opened, mounted or unmounted, so that each happens once. Guards _closed and the Mount of each volume.
    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentDictionary<VolumeId, OpenVolume> _open = new();
    private bool _closed;

    /// <summary>This node, as the members of volumes name it.</summary>
    public PeerId Self => self;

    /// <summary>Makes the rows of a new volume.</summary>
    public void Create(VolumeConfig volume, bool isOwn) => factory.Create(volume, isOwn);

    /// <summary>The volume, opened if it is not yet. It stays the registry's.</summary>
    /// <exception cref="CommandFailedException">There is no such volume, its sharing key or storage is missing, or it is damaged.</exception>
    public async Task<OpenVolume> OpenAsync(VolumeId id, CancellationToken cancel)
    {
        if (_open.TryGetValue(id, out OpenVolume? volume)) return volume;
        await _gate.WaitAsync(cancel);
        try
        {
            return OpenHeld(id);
        }
        finally
        {
            _gate.Release();
        }
    }

    public bool IsOpen(VolumeId id) => _open.ContainsKey(id);

    /// <summary>The volume if it is open, or null.</summary>
    public OpenVolume? Find(VolumeId id) => _open.GetValueOrDefault(id);

    /// <summary>Where a volume is mounted now, or null.</summary>
    public string? MountpointOf(VolumeId id) => _open.TryGetValue(id, out OpenVolume? volume) ? volume.MountedOn : null;

    /// <summary>The volume that is mounted where a path leads, and its mount point; null when there is none. Asks no file system.</summary>
    /// <param name="path">Absolute and canonical.</param>
    public (Volume Volume, string Mountpoint)? FindMounted(string path) => FindMountedVolume(path) is var (volume, mountpoint) ? (volume.Volume, mountpoint) : null;

    /// <inheritdoc cref="FindMounted"/>
    public (OpenVolume Volume, string Mountpoint)? FindMountedVolume(string path)
    {
        foreach (OpenVolume volume in _open.Values)
        {
            if (volume.MountedOn is { } mountpoint && (path == mountpoint || path.StartsWith(mountpoint + "/", StringComparison.Ordinal))) return (volume, mountpoint);
        }

        return null;
    }

    /// <param name="mountpoint">Absolute and canonical.</param>
    /// <exception cref="CommandFailedException">The mount point cannot be used, or the volume is mounted already.</exception>
    public async Task MountAsync(VolumeId id, string mountpoint, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            if (config.FindVolume(id) is { IsImporting: true } unfinished)
            {
                throw new CommandFailedException(ErrorKind.Busy, $"volume {unfinished.Name} is being imported", "mount it when bazil volume import has ended");
            }

            OpenVolume volume = OpenHeld(id);
            if (volume.Mount is { Completion.IsCompleted: false } mount)
            {
                throw new CommandFailedException(
                    ErrorKind.Busy,
                    $"volume {volume.Volume.Name} is already mounted on {mount.Mountpoint}",
                    $"unmount it first: bazil volume unmount {volume.Volume.Name}");
            }

            MountpointRules.Check(mountpoint, Mountpoints());
            volume.Mount = await VolumeMounts.MountAsync(volume.Volume, mountpoint, log, cancel);
            DaemonLog.Mounted(log, volume.Volume.Name, mountpoint);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Unmounts a volume and makes it durable; does nothing when it is not mounted.</summary>
    /// <param name="id">The volume.</param>
    /// <param name="isLazy">Also while programs use it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="CommandFailedException">Programs use it: they would lose what they are writing, or the ground under their feet.</exception>
    public async Task UnmountAsync(VolumeId id, bool isLazy, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            if (!_open.TryGetValue(id, out OpenVolume? volume)) return;
            if (!isLazy) await RequireUnusedAsync(volume, cancel);
            await UnmountHeldAsync(volume);
            await volume.Volume.SyncAsync(cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Forgets a volume: its configuration first, so that what an interruption leaves is taken for nothing, then its rows.</summary>
    /// <exception cref="CommandFailedException">It is mounted.</exception>
    public async Task RemoveAsync(VolumeConfig volume, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            if (_open.TryGetValue(volume.Id, out OpenVolume? open))
            {
                if (open.MountedOn is { } mountpoint)
                {
                    throw new CommandFailedException(
                        ErrorKind.Busy, $"volume {volume.Name} is mounted on {mountpoint}", $"unmount it first: bazil volume unmount {volume.Name}");
                }

                await UnmountHeldAsync(open);
                await open.Volume.DisposeAsync();
                await open.Reach.DisposeAsync();
                _open.TryRemove(volume.Id, out _);
            }

            config.RemoveVolume(volume.Name);
            factory.Delete(volume);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes what a server that died in the middle of an import left. Before anything is opened.</summary>
    public void RemoveUnfinished()
    {
        foreach (VolumeConfig volume in config.ListVolumes().Where(static volume => volume.IsImporting))
        {
            config.RemoveVolume(volume.Name);
            factory.Delete(volume);
            DaemonLog.RemovedUnfinished(log, volume.Name);
        }
    }

    /// <summary>Mounts every volume where the configuration says, clearing what a killed daemon left there. What cannot be mounted is said and skipped.</summary>
    public async Task RemountAsync(CancellationToken cancel)
    {
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            if (volume.Mountpoint is not { } mountpoint) continue;
            try
            {
                await MountAsync(volume.Id, mountpoint, cancel);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                DaemonLog.NotRemounted(log, volume.Name, mountpoint, Failures.Describe(e).Message);
            }
        }
    }

    /// <summary>Counts a peer among the members of a volume.</summary>
    public async Task AddMemberAsync(VolumeId id, PeerId peer, CancellationToken cancel) =>
        (await OpenAsync(id, cancel)).Volume.AddMember(peer);

    /// <summary>Counts a peer no more; does nothing when there is no such volume.</summary>
    public async Task RemoveMemberAsync(VolumeId id, PeerId peer, CancellationToken cancel)
    {
        if (config.FindVolume(id) is not null) (await OpenAsync(id, cancel)).Volume.RemoveMember(peer);
    }

    /// <summary>Makes an open volume read from the storages that its configuration now has.</summary>
    public void RefreshStorages(VolumeConfig volume)
    {
        if (!_open.TryGetValue(volume.Id, out OpenVolume? open)) return;
        open.Stores.Others = factory.OtherStores(volume);
        open.Reach.Follow();
    }

    /// <summary>The same for all open volumes, after a peer got a place to put objects.</summary>
    public void RefreshAllStorages()
    {
        foreach (VolumeConfig volume in config.ListVolumes()) RefreshStorages(volume);
    }

    /// <summary>Makes an open volume write new chunks, answer its members, and take deletions by others, as its configuration now says.</summary>
    public void RefreshSettings(VolumeConfig volume)
    {
        factory.SetPolicy(volume);
        if (!_open.TryGetValue(volume.Id, out OpenVolume? open)) return;
        open.Chunks.Compression = volume.Compression;
        open.Reach.WaitMax = volume.ReadTimeout;
        open.Volume.MayCompressAnswers = volume.Compression != ChunkCompression.None;
    }

    /// <summary>Refuses a storage directory inside a mounted volume: the daemon would wait for itself.</summary>
    public void CheckOutsideMounts(StorageAddress address)
    {
        if (address is not StorageAddress.DirectoryStorage { Path: var path }) return;
        foreach (string own in Mountpoints())
        {
            if (path == own || path.StartsWith(own + "/", StringComparison.Ordinal))
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"storage {path} is inside a mounted volume ({own})", "choose a directory outside of it");
            }
        }
    }

    /// <summary>A file that was just closed is released a moment later, so it is asked for as long as the grace.</summary>
    private static async Task RequireUnusedAsync(OpenVolume volume, CancellationToken cancel)
    {
        if (volume.MountedOn is not { } mountpoint) return;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        long deadline = Environment.TickCount64 + (long)Limits.UnmountGrace.TotalMilliseconds;
        while (volume.Volume.OpenFileCount > 0 && Environment.TickCount64 <= deadline) await timer.WaitForNextTickAsync(cancel);
        int count = volume.Volume.OpenFileCount;
        List<string> users = await Task.Run(() => MountUsers.Find(mountpoint, Limits.UsersNamedMax), cancel);
        if (count == 0 && users.Count == 0) return;
        string name = volume.Volume.Name;
        throw new CommandFailedException(
            ErrorKind.Busy,
            $"volume {name} is in use{(users.Count > 0 ? $" by {string.Join(", ", users)}" : "")}{(count > 0 ? $": {count} open {(count == 1 ? "file" : "files")}" : "")}",
            $"close the programs that use it, or leave its directories, and try again; to unmount it under them: bazil volume unmount -lazy {name}");
    }

    private async Task CloseAsync(OpenVolume volume, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e)
        {
            // What follows must still be done; whoever runs the daemon reads it in the log.
            DaemonLog.CloseFailed(log, volume.Volume.Name, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync(CancellationToken.None);
        try
        {
            _closed = true;
            foreach (OpenVolume volume in _open.Values)
            {
                await CloseAsync(volume, () => UnmountHeldAsync(volume));
                await CloseAsync(volume, () => volume.Volume.DisposeAsync().AsTask());
                await CloseAsync(volume, () => volume.Reach.DisposeAsync().AsTask());
            }

            _open.Clear();
        }
        finally
        {
            _gate.Release();
        }
    }

    private OpenVolume OpenHeld(VolumeId id)
    {
        if (_closed) throw new CommandFailedException(ErrorKind.Busy, "the server is shutting down");
        if (_open.TryGetValue(id, out OpenVolume? open)) return open;
        VolumeConfig volume = config.FindVolume(id) ?? throw new CommandFailedException(ErrorKind.NotFound, $"there is no volume with id {id}", "see: bazil volume list");
        try
        {
            open = factory.Open(volume);
        }
        catch (WireFormatException e)
        {
            throw new CommandFailedException(ErrorKind.Damaged, $"volume {volume.Name} is damaged: {e.Message}", "restore the data directory from a backup", e);
        }

        _open[id] = open;
        return open;
    }

    private async Task UnmountHeldAsync(OpenVolume volume)
    {
        if (volume.Mount is not { } mount) return;
        await VolumeMounts.UnmountAsync(mount, Limits.UnmountGrace);
        volume.Mount = null;
        DaemonLog.Unmounted(log, volume.Volume.Name, mount.Mountpoint);
    }

    private IReadOnlyList<string> Mountpoints() => [.. _open.Values.Select(static v => v.MountedOn).OfType<string>()];
}
