using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil volume storage</c>. An open volume sees the change at once.</summary>
internal sealed class VolumeStorageCommands(ConfigStore config, Descriptions descriptions, VolumeRegistry volumes, StoragePool storages)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumeStorageAdd, (request, _) => Task.FromResult(Add(request)));
        dispatcher.Add(
            ControlMethods.VolumeStorageList,
            (request, _) => Task.FromResult(new StorageListReply([.. config.GetVolume(request.Volume).Storages.Select(descriptions.Of)])));
        dispatcher.Add(ControlMethods.VolumeStorageRemove, (request, _) => Task.FromResult(Remove(request)));
    }

    public StorageInfo Add(VolumeStorageAddRequest request)
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
        _ = storages.Open(address, mayCreate: true);
        var storage = new VolumeStorage(name, address);
        VolumeConfig changed = config.UpdateVolume(volume.Name, v =>
        {
            if (v.Storages.Any(s => s.Name == name))
            {
                throw new CommandFailedException(
                    ErrorKind.AlreadyExists, $"volume {v.Name} has a storage called {name} already", $"see: bazil volume storage list {v.Name}");
            }

            if (v.Storages.FirstOrDefault(s => s.Address == address) is { } same)
            {
                throw new CommandFailedException(ErrorKind.AlreadyExists, $"volume {v.Name} uses this storage already, as {same.Name}", $"see: bazil volume storage list {v.Name}");
            }

            return v with { Storages = v.Storages.Add(storage) };
        });
        volumes.RefreshStorages(changed);
        return descriptions.Of(storage);
    }

    private Nothing Remove(VolumeStorageRemoveRequest request)
    {
        VolumeConfig changed = config.UpdateVolume(request.Volume, v =>
        {
            VolumeStorage storage = v.Storages.FirstOrDefault(s => s.Name == request.Name)
                ?? throw new CommandFailedException(
                    ErrorKind.NotFound, $"volume {v.Name} has no storage called {request.Name}", $"see: bazil volume storage list {v.Name}");
            return storage != v.Storages[0]
                ? v with { Storages = v.Storages.Remove(storage) }
                : throw new CommandFailedException(ErrorKind.Invalid, $"storage {storage.Name} is where volume {v.Name} is written, so it cannot be removed");
        });
        volumes.RefreshStorages(changed);
        return Nothing.Instance;
    }

    private StorageAddress Parse(string text)
    {
        if (StorageAddress.TryParse(text, out StorageAddress? address))
        {
            if (address is StorageAddress.PeerStorage { Peer: var id }) _ = config.GetPeer(id.ToString());
            return address;
        }

        if (StorageAddress.TryGetPeerText(text, out string? peer)) return new StorageAddress.PeerStorage(config.GetPeer(peer).Id);
        throw new CommandFailedException(ErrorKind.Invalid, $"invalid storage \"{text}\": it must be local, an absolute path, or peerkey:PEER");
    }

    private string DefaultName(StorageAddress address) => address switch
    {
        StorageAddress.PeerStorage { Peer: var id } => config.GetPeer(id.ToString()).DisplayName,
        StorageAddress.DirectoryStorage { Path: var path } => Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } last ? last : "root",
        _ => address.ToString()!,
    };
}
