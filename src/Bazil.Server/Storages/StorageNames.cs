using Bazil.Server.Config;
using Bazil.Server.Errors;

namespace Bazil.Server.Storages;

/// <summary>Storages of a volume by the names that <c>volume storage list</c> shows.</summary>
internal static class StorageNames
{
    /// <exception cref="CommandFailedException">The volume has none of that name; what is probably meant is said.</exception>
    public static VolumeStorage Get(ConfigStore config, VolumeConfig volume, string name) =>
        Find(config, volume, name) ?? throw new CommandFailedException(ErrorKind.NotFound, $"volume {volume.Name} has no storage called {name}", Meant(config, volume, name));

    /// <summary>A storage that was named by the key of its peer, before that had a nickname, goes by the nickname as well.</summary>
    public static VolumeStorage? Find(ConfigStore config, VolumeConfig volume, string name)
    {
        if (volume.Storages.FirstOrDefault(storage => storage.Name == name) is { } found) return found;
        if (config.ListPeers().FirstOrDefault(peer => peer.Nickname == name) is not { } peer) return null;
        return volume.Storages.FirstOrDefault(storage => storage.Name == peer.ShortKey && storage.Address is StorageAddress.PeerStorage { Peer: var id } && id == peer.Id);
    }

    private static string Meant(ConfigStore config, VolumeConfig volume, string name)
    {
        string list = $"see: bazil volume storage list {volume.Name}";
        PeerConfig? peer = config.ListPeers().FirstOrDefault(peer => peer.Nickname == name || peer.Id.ToString() == name);
        bool IsMeant(StorageAddress address) => address.ToString() == name || (peer is not null && address is StorageAddress.PeerStorage { Peer: var id } && id == peer.Id);
        if (volume.Storages.FirstOrDefault(storage => IsMeant(storage.Address)) is { } meant) return $"{(peer is null ? name : $"peer {name}")} is called {meant.Name} there; {list}";
        return peer is null ? list : $"{name} is a peer, but no storage of this volume; to make it one: bazil volume storage add {volume.Name} peerkey:{name}";
    }
}
