using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Sync;

/// <summary>What synchronisation is composed of. Everything is borrowed and may be used concurrently.</summary>
internal sealed record SyncParts
{
    public required ConfigStore Config { get; init; }

    public required VolumeRegistry Volumes { get; init; }

    public required VolumeEpochs Epochs { get; init; }

    public required KeyNotes Notes { get; init; }

    public required IPeerConnections Connections { get; init; }

    public required PeerAddressBook Addresses { get; init; }

    /// <summary>Where this node listens, once it does.</summary>
    public required Func<int> Port { get; init; }

    public required TimeProvider Time { get; init; }

    public required IEntropy Entropy { get; init; }

    /// <summary>Called after each pull, also one that failed: what it brought until then is here.</summary>
    public required Action PullEnded { get; init; }

    /// <summary>False when the whole server synchronises only when somebody asks.</summary>
    public bool IsAutomatic { get; init; } = true;

    /// <summary>Whether peers that are away are called when the machine's addresses change.</summary>
    public bool HeedsNetwork { get; init; } = true;

    /// <summary>What is done to each reason before a person gets it.</summary>
    public required Func<string, string> Phrase { get; init; }

    /// <summary>Whether a volume is synchronised with a peer only when somebody asks.</summary>
    public bool IsPaused(VolumeId volume, PeerId peer) =>
        !IsAutomatic || Config.FindVolume(volume) is not { IsPaused: false, IsImporting: false } || (Config.FindPeer(peer)?.PausedVolumes.Contains(volume) ?? true);

    /// <summary>What this node knew when it told of a digest; set by the service.</summary>
    public Func<VolumeId, byte[], Knowledge?> FindTold { get; init; } = static (_, _) => null;

    /// <summary>Called after each change of a state; set by the service.</summary>
    public Action StateChanged { get; init; } = static () => { };
}
