using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Pushing;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil volume storage</c>. An open volume sees the change at once.</summary>
internal sealed class VolumeStorageCommands(ConfigStore config, Descriptions descriptions, VolumeRegistry volumes, StoragePool storages, PushService pushes)
{
    /// <summary>Limits of one storage: an hour each.</summary>
    private const int RulesMax = 24;

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumeStorageAdd, AddAsync);
        dispatcher.Add(
            ControlMethods.VolumeStorageList,
            (request, _) => Task.FromResult(List(config.GetVolume(request.Volume))));
        dispatcher.Add(ControlMethods.VolumeStorageRemove, RemoveAsync);
        dispatcher.Add(ControlMethods.VolumeStorageLimit, (request, _) => Task.FromResult(Limit(request)));
        dispatcher.Add(ControlMethods.VolumeStorageRelease, ReleaseAsync);
    }

    public async Task<StorageInfo> AddAsync(VolumeStorageAddRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        if (request.SharingKey is { } key && key != volume.SharingKeyName)
        {
            throw new CommandFailedException(
                ErrorKind.Invalid,
                $"volume {volume.Name} is sealed with sharing key {volume.SharingKeyName}, so its storage cannot use {key}",
                $"leave -sharing out, or say -sharing={volume.SharingKeyName}");
        }

        StorageAddress address = Parse(request.Storage);
        string name = request.Name ?? DefaultName(address);
        NameRules.Check("storage name", name);
        volumes.CheckOutsideMounts(address);
        var storage = new VolumeStorage(name, address);

        // Before anything is connected, and again: another one may be added meanwhile.
        CheckIsNew(volume, storage);
        await MeetAsync(volume.Id, address, cancel);
        VolumeConfig changed = config.UpdateVolume(volume.Name, v =>
        {
            CheckIsNew(v, storage);
            return v with { Storages = v.Storages.Add(storage) };
        });
        volumes.RefreshStorages(changed);
        await pushes.RefreshAsync(cancel);
        return descriptions.Of(changed, storage);
    }

    private StorageListReply List(VolumeConfig volume) => new([.. volume.Storages.Select(storage => descriptions.Of(volume, storage))]);

    /// <summary>What is wrong with it, or with the way to it, is told to whoever adds it, and nothing is added.</summary>
    private async Task MeetAsync(VolumeId volume, StorageAddress address, CancellationToken cancel)
    {
        if (!address.IsRemote)
        {
            _ = storages.Open(address, mayCreate: true);
            return;
        }

        try
        {
            RemoteStore store = storages.OpenRemote(address);
            await store.MeetAsync(cancel);
            await store.Packs.RenewLeaseAsync(cancel);
        }
        catch
        {
            await pushes.ForgetAsync(volume, address);
            throw;
        }
    }

    private async Task<Nothing> RemoveAsync(VolumeStorageRemoveRequest request, CancellationToken cancel)
    {
        StorageAddress? removed = null;
        VolumeConfig changed = config.UpdateVolume(request.Volume, v =>
        {
            VolumeStorage storage = Find(v, request.Name);
            removed = storage.Address;
            if (v.Copies.Required.Contains(storage.Name))
            {
                throw new CommandFailedException(ErrorKind.Busy, $"the policy of volume {v.Name} requires storage {storage.Name}", $"name those that remain: bazil volume policy set {v.Name} -require=STORAGE,…; for none: -require=");
            }

            return storage != v.Storages[0]
                ? v with { Storages = v.Storages.Remove(storage) }
                : throw new CommandFailedException(ErrorKind.Invalid, $"storage {storage.Name} is where volume {v.Name} is written, so it cannot be removed");
        });
        volumes.RefreshStorages(changed);
        await pushes.RefreshAsync(cancel);
        if (removed!.IsRemote) await pushes.ForgetAsync(changed.Id, removed);
        return Nothing.Instance;
    }

    private Nothing Limit(VolumeStorageLimitRequest request)
    {
        long? up = request.Up is null ? null : RateRule.ParseRate(request.Up), down = request.Down is null ? null : RateRule.ParseRate(request.Down);
        DayHours? hours = request.At is null ? null : DayHours.Parse(request.At);
        bool isOff = up is null && down is null;
        VolumeConfig changed = config.UpdateVolume(request.Volume, volume =>
        {
            VolumeStorage storage = Find(volume, request.Name);
            if (!storage.Address.IsRemote)
            {
                throw new CommandFailedException(ErrorKind.Invalid, $"storage {storage.Name} is not on another machine or a removable disk", "a peer is held to a rate with: bazil peer limit");
            }

            // Without hours all of them go, not only the one for the rest of the day.
            ImmutableArray<RateRule> others = isOff && hours is null ? [] : [.. storage.Rates.Where(rule => rule.Hours != hours)];
            if (others.Length >= RulesMax) throw new CommandFailedException(ErrorKind.Invalid, $"a storage has at most {RulesMax} limits");

            // The other direction stays as it is.
            RateLimits before = storage.Rates.FirstOrDefault(rule => rule.Hours == hours)?.Limits ?? default;
            VolumeStorage limited = storage with { Rates = isOff ? others : others.Add(new RateRule(new RateLimits(up ?? before.Up, down ?? before.Down), hours)) };
            return volume with { Storages = volume.Storages.Replace(storage, limited) };
        });
        volumes.RefreshStorages(changed);
        return Nothing.Instance;
    }

    private async Task<Nothing> ReleaseAsync(VolumeStorageReleaseRequest request, CancellationToken cancel)
    {
        VolumeStorage storage = Find(config.GetVolume(request.Volume), request.Name);
        if (!storage.Address.IsRemote) throw new CommandFailedException(ErrorKind.Invalid, $"storage {storage.Name} has no leases", "storages on other machines and removable disks have");
        PeerId node = PeerId.TryParse(request.Node, out PeerId key) ? key : config.GetPeer(request.Node).Id;
        if (await storages.OpenRemote(storage.Address).Packs.ReleaseAsync(node, cancel)) return Nothing.Instance;
        throw new CommandFailedException(ErrorKind.NotFound, $"no node {request.Node} has a lease in storage {storage.Name}", "bazil gc --dry-run names those that are waited for");
    }

    private static void CheckIsNew(VolumeConfig volume, VolumeStorage storage)
    {
        if (volume.Storages.Any(other => other.Name == storage.Name))
        {
            throw new CommandFailedException(ErrorKind.AlreadyExists, $"volume {volume.Name} has a storage called {storage.Name} already", $"see: bazil volume storage list {volume.Name}");
        }

        if (volume.Storages.FirstOrDefault(other => other.Address == storage.Address) is { } same)
        {
            throw new CommandFailedException(ErrorKind.AlreadyExists, $"volume {volume.Name} uses this storage already, as {same.Name}", $"see: bazil volume storage list {volume.Name}");
        }
    }

    private VolumeStorage Find(VolumeConfig volume, string name) => StorageNames.Get(config, volume, name);

    private StorageAddress Parse(string text)
    {
        StorageAddress.CheckNoPassword(text);
        if (StorageAddress.TryParse(text, out StorageAddress? address))
        {
            if (address is StorageAddress.PeerStorage { Peer: var id }) _ = config.GetPeer(id.ToString());
            return address;
        }

        if (StorageAddress.TryGetPeerText(text, out string? peer)) return new StorageAddress.PeerStorage(config.GetPeer(peer).Id);
        throw new CommandFailedException(ErrorKind.Invalid, $"invalid storage \"{text}\": it must be local, an absolute path, peerkey:PEER, sftp://[USER@]HOST[:PORT]/PATH, s3://BUCKET[/PREFIX], or disk:LABEL");
    }

    private string DefaultName(StorageAddress address) => address switch
    {
        StorageAddress.PeerStorage { Peer: var id } => config.GetPeer(id.ToString()).DisplayName,
        StorageAddress.DirectoryStorage { Path: var path } => Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } last ? last : "root",
        StorageAddress.SftpStorage { Address.Host: var host } => host,
        StorageAddress.S3Storage { Address.Bucket: var bucket } => bucket,
        StorageAddress.DiskStorage { Disk.Label: var label } => label,
        _ => address.ToString()!,
    };
}
