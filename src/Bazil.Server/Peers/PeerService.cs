using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Eviction;
using Bazil.Storage.Stores;

namespace Bazil.Server.Peers;

/// <summary>What this node offers its peers: read from the configuration at each request, so that a denial counts from the next one on.</summary>
internal sealed class PeerService(ConfigStore config, VolumeRegistry volumes, StoragePool storages, VolumeEpochs epochs, KeyNotes notes, SyncService sync) : IPeerService
{
    public bool IsKnown(PeerId peer) => config.FindPeer(peer) is not null;

    public IPeerVolume? FindVolume(PeerId peer, string name) =>
        Find(peer, config.ListVolumes().FirstOrDefault(v => v.Name == name));

    public IPeerVolume? FindVolume(PeerId peer, VolumeId id) => Find(peer, config.FindVolume(id));

    public IObjectStore? StoreFor(PeerId peer)
    {
        if (config.FindPeer(peer) is not { Storages.Length: > 0 } known) return null;
        return new OfferedStore($"offered to {known.DisplayName}", [.. known.Storages.Select(address => storages.Open(address))], storages.OpenPutsOf(peer));
    }

    public IObjectStore? PutsOf(PeerId peer) => config.FindPeer(peer) is { Storages.Length: > 0 } ? storages.OpenPutsOf(peer) : null;

    public HoldGranter? HoldsFor(PeerId peer) =>
        config.FindPeer(peer) is { } known && known.Storages.Contains(StorageAddress.Local) ? new HoldGranter(storages.OpenLocal(), storages.Holds, volumes.Self, new HoldConditions(config, volumes).AreMetAsync) : null;

    private PeerVolume? Find(PeerId peer, VolumeConfig? volume)
    {
        if (volume is null || config.FindPeer(peer) is not { } known || !known.Volumes.Contains(volume.Id)) return null;
        return new PeerVolume(volumes, volume, epochs, notes, sync);
    }
}
