using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>Volumes and peers as replies show them: keys become nicknames, ids become names.</summary>
internal sealed class Descriptions(ConfigStore config, VolumeRegistry volumes)
{
    public VolumeInfo Of(VolumeConfig volume) => new(
        volume.Name,
        volume.Id.ToString(),
        volume.SharingKeyName,
        volume.Mountpoint,
        volumes.MountpointOf(volume.Id) is not null,
        [.. volume.Storages.Select(Of)],
        [.. config.ListPeers().Where(p => p.Volumes.Contains(volume.Id)).Select(static p => p.Nickname ?? p.Id.ToString())],
        VolumeSettings.TextOf(volume.Compression));

    public StorageInfo Of(VolumeStorage storage) => new(storage.Name, TextOf(storage.Address));

    public PeerInfo Of(PeerConfig peer) => new(
        peer.Id.ToString(),
        peer.Nickname,
        peer.Locations,
        [.. peer.Storages.Select(static s => s.ToString()!)],
        [.. peer.Volumes.Select(id => config.FindVolume(id)?.Name).OfType<string>()]);

    private string TextOf(StorageAddress address) =>
        address is StorageAddress.PeerStorage { Peer: var peer } && config.FindPeer(peer)?.Nickname is { } nickname ? $"peerkey:{nickname}" : address.ToString()!;
}
