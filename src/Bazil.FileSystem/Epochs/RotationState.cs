using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Epochs;

/// <summary>Where a volume stands with its sharing keys. A picture of one moment.</summary>
/// <param name="Epochs">The oldest first; one while no rotation is under way.</param>
/// <param name="Missing">Keys of these epochs that are not on this machine.</param>
/// <param name="PercentSeen">How much of all files this machine has gone through since the last rotation, 0 to 100.</param>
/// <param name="OldFiles">Files with content under an ended epoch, as far as they were gone through.</param>
/// <param name="OldSnapshots">Snapshots here that need an ended epoch.</param>
/// <param name="OldOpenFiles">Open files with content under an ended epoch.</param>
/// <param name="Members">The members of the volume; empty while no rotation is under way.</param>
public sealed record RotationState(
    IReadOnlyList<KeyEpoch> Epochs,
    IReadOnlyList<KeyFingerprint> Missing,
    int PercentSeen,
    int OldFiles,
    IReadOnlyList<string> OldSnapshots,
    int OldOpenFiles,
    IReadOnlyList<KeyValuePair<PeerId, MemberRotation>> Members)
{
    /// <summary>True while there is more than one epoch.</summary>
    public bool IsUnderWay => Epochs.Count > 1;
}
