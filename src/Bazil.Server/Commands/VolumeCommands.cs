using System.Diagnostics;
using Bazil.Core;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Sync;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Pinning;
using Bazil.Server.Pushing;
using Bazil.Server.Snapshots;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>The commands right below <c>bazil volume</c>.</summary>
internal sealed class VolumeCommands(
    ConfigStore config,
    VolumeEpochs epochs,
    Descriptions descriptions,
    VolumeRegistry volumes,
    StoragePool storages,
    IPeerConnections connections,
    KeyNotes notes,
    RotationWorker rotation,
    SyncService sync,
    PushService pushes,
    PinService pins,
    IEntropy entropy)
{
    /// <summary>What the storage that a volume starts with is called.</summary>
    private const string FirstStorageName = "default";

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumeCreate, (request, _) => Task.FromResult(Create(request)));
        dispatcher.Add(ControlMethods.VolumeConnect, ConnectAsync);
        dispatcher.Add(ControlMethods.VolumeMount, MountAsync);
        dispatcher.Add(ControlMethods.VolumeUnmount, UnmountAsync);
        dispatcher.Add(ControlMethods.VolumeRemove, RemoveAsync);
        dispatcher.Add(ControlMethods.VolumeSync, SyncAsync);
        dispatcher.Add(ControlMethods.VolumeSet, (request, _) => Task.FromResult(Set(request)));
        dispatcher.Add(ControlMethods.VolumeList, (_, _) => Task.FromResult(new VolumeListReply([.. config.ListVolumes().Select(descriptions.Of)])));
        dispatcher.Add(ControlMethods.VolumeShow, (request, _) => Task.FromResult(descriptions.Of(config.GetVolume(request.Volume))));
    }

    private VolumeInfo Create(VolumeCreateRequest request)
    {
        VolumeStorage storage = FirstStorage(request.Storage);
        return descriptions.Of(config.AddVolume(request.Volume, VolumeId.Random(entropy), request.SharingKey, storage, v => volumes.Create(v, isOwn: true)));
    }

    private async Task<VolumeInfo> ConnectAsync(VolumeConnectRequest request, CancellationToken cancel)
    {
        PeerConfig peer = config.GetPeer(request.Peer);
        NameRules.Check("volume name", request.Volume);
        string localName = request.LocalName ?? request.Volume;
        NameRules.Check("volume name", localName);
        if (config.ListVolumes().Any(v => v.Name == localName))
        {
            throw new CommandFailedException(ErrorKind.AlreadyExists, $"volume {localName} exists already", "give it another name here: bazil volume connect PEER VOLUMENAME LOCALVOLUMENAME");
        }

        VolumeStorage storage = FirstStorage(request.Storage);
        (VolumeId id, uint keyGeneration) = await connections.Get(peer.Id).ConnectVolumeAsync(request.Volume, epochs.Keys.ProverOf(request.SharingKey), cancel);
        VolumeConfig volume = config.AddVolume(localName, id, request.SharingKey, storage, v => volumes.Create(v, isOwn: false), keyGeneration);

        // Who gave us the volume has it, and may have our changes to it. That both are members is told by the first pull.
        config.UpdatePeer(peer.Id, p => p.Volumes.Contains(id) ? p : p with { Volumes = p.Volumes.Add(id) });
        return descriptions.Of(volume);
    }

    private async Task<Nothing> MountAsync(VolumeMountRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        await volumes.MountAsync(volume.Id, request.Mountpoint, cancel);
        config.UpdateVolume(volume.Name, v => v with { Mountpoint = request.Mountpoint });
        return Nothing.Instance;
    }

    private async Task<Nothing> UnmountAsync(VolumeUnmountRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = request.Volume.StartsWith('/')
            ? config.ListVolumes().FirstOrDefault(v => (volumes.MountpointOf(v.Id) ?? v.Mountpoint) == request.Volume)
                ?? throw new CommandFailedException(ErrorKind.NotFound, $"no volume is mounted on {request.Volume}", "see where volumes are mounted: bazil volume list")
            : config.GetVolume(request.Volume);
        if (volumes.MountpointOf(volume.Id) is null && volume.Mountpoint is null)
        {
            throw new CommandFailedException(ErrorKind.Busy, $"volume {volume.Name} is not mounted", $"mount it with: bazil volume mount {volume.Name} MOUNTPOINT");
        }

        await volumes.UnmountAsync(volume.Id, request.Lazy, cancel);
        config.UpdateVolume(volume.Name, static v => v with { Mountpoint = null });
        return Nothing.Instance;
    }

    /// <summary>Forgets a volume; the garbage collector takes its content.</summary>
    private async Task<VolumeRemoveReply> RemoveAsync(VolumeRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        SnapshotReference? newest = await NewestSnapshotAsync(volume, cancel);
        await using IAsyncDisposable suspended = await sync.SuspendAsync(volume.Id, cancel);
        await pins.ForgetAsync(volume.Id, cancel);
        try
        {
            await volumes.RemoveAsync(volume, cancel);
        }
        finally
        {
            pins.Wake();
        }

        await pushes.RefreshAsync(cancel);
        foreach (VolumeStorage storage in volume.Storages.Where(static storage => storage.Address.IsRemote)) await pushes.ForgetAsync(volume.Id, storage.Address);
        foreach (PeerConfig peer in config.ListPeers().Where(peer => peer.Volumes.Contains(volume.Id)))
        {
            config.UpdatePeer(peer.Id, p => p with { Volumes = p.Volumes.Remove(volume.Id), PausedVolumes = p.PausedVolumes.Remove(volume.Id) });
        }

        return new VolumeRemoveReply(volume.SharingKeyName, volume.Storages[0].Address.ToString()!, newest?.Name.ToString(), newest?.Key.ToString());
    }

    private async Task<SnapshotReference?> NewestSnapshotAsync(VolumeConfig volume, CancellationToken cancel)
    {
        try
        {
            return (await volumes.OpenAsync(volume.Id, cancel)).Volume.ListSnapshots().MaxBy(static snapshot => snapshot.Taken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever keeps it from being opened may be why it is removed.
            return null;
        }
    }

    /// <summary>Changes all settings or, when one of them is wrong, none. An open volume sees them at once.</summary>
    private VolumeInfo Set(VolumeSetRequest request)
    {
        VolumeConfig changed = config.UpdateVolume(request.Volume, volume => request.Settings.Aggregate(volume, VolumeSettings.Apply));
        volumes.RefreshSettings(changed);
        return descriptions.Of(changed);
    }

    private async Task<VolumeSyncReply> SyncAsync(VolumeSyncRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        PeerConfig peer = config.GetPeer(request.Peer);
        OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
        var watch = Stopwatch.StartNew();
        var link = new VolumeLink(connections.Get(peer.Id), volume.Id, epochs.CallerOf(volume), notes);
        try
        {
            PullResult result = await open.Volume.PullAsync(link, VolumePaths.Parse(request.Path ?? ""), cancel);
            return new VolumeSyncReply(result.Nodes, open.Volume.CountConflicts(), result.Postponed, watch.Elapsed.TotalSeconds, volume.IsPaused ? "volume" : peer.PausedVolumes.Contains(volume.Id) ? "peer" : null);
        }
        finally
        {
            // One that failed may have brought a rotation before.
            rotation.Nudge();
        }
    }

    private VolumeStorage FirstStorage(string text)
    {
        StorageAddress.CheckNoPassword(text);
        if (!StorageAddress.TryParse(text, out StorageAddress? address) || !address.IsOnThisMachine)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"invalid backend \"{text}\": a volume is written to local, or to an absolute path", "other storages get copies in the background: bazil volume storage add VOLUMENAME STORAGE");
        }

        volumes.CheckOutsideMounts(address);
        _ = storages.Open(address, mayCreate: true);
        return new VolumeStorage(FirstStorageName, address);
    }
}
