using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Volumes;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Peers;

/// <summary>
/// Whether this node keeps objects of a volume beyond a hold (docs/cache.md, "After the hold"): only then may a peer count them as copies. What the peer believes may be long past: this node may have removed the volume or the peer since,
/// or have been restored from a backup. Safe for concurrent use.
/// </summary>
internal sealed class HoldConditions(ConfigStore config, VolumeRegistry volumes)
{
    /// <exception cref="CommandFailedException">The volume is here and cannot be opened.</exception>
    public async ValueTask<bool> AreMetAsync(PeerId asker, HoldClaim claim, CancellationToken cancel)
    {
        if (config.FindVolume(claim.Volume) is not { IsImporting: false } volume) return false;
        if (config.FindPeer(asker) is not { } peer || !peer.Volumes.Contains(volume.Id)) return false;
        return (await volumes.OpenAsync(volume.Id, cancel)).Volume.KeepsFor(asker, claim.Known);
    }
}
