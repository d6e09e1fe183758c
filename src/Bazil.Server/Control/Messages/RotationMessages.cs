namespace Bazil.Server.Control.Messages;

/// <summary>Where a volume stands with its sharing keys.</summary>
/// <param name="Epochs">The oldest first; one while no rotation is under way.</param>
/// <param name="PercentSeen">How much of all files this machine has gone through since the last rotation, 0 to 100.</param>
/// <param name="OldFiles">Files whose content is still under an old key, as far as they were gone through.</param>
/// <param name="OldSnapshots">Snapshots here that need an old key.</param>
/// <param name="OldOpenFiles">Open files whose content is under an old key.</param>
/// <param name="Members">What each member has done for the rotation; empty while none is under way.</param>
/// <param name="Warnings">Keys that are missing, here or at others.</param>
public sealed record RotationInfo(
    IReadOnlyList<KeyEpochInfo> Epochs,
    int PercentSeen,
    int OldFiles,
    IReadOnlyList<string> OldSnapshots,
    int OldOpenFiles,
    IReadOnlyList<MemberRotationInfo> Members,
    IReadOnlyList<WarningInfo> Warnings);

/// <param name="Generation">1 for the key that the volume was created with.</param>
/// <param name="Fingerprint">32 hex digits.</param>
/// <param name="KeyName">The key's name here, or null when this machine lacks it.</param>
public sealed record KeyEpochInfo(uint Generation, string Fingerprint, string? KeyName);

/// <param name="Member">Nickname or key; null for this node.</param>
/// <param name="State"><c>waiting</c> for the key or a sync, <c>working</c>, <c>done</c>.</param>
public sealed record MemberRotationInfo(string? Member, string State);
