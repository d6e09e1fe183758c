namespace Bazil.Server.Control.Messages;

public sealed record VolumeRequest(string Volume);

/// <param name="Storage">Where objects are written: <c>local</c> or an absolute path.</param>
public sealed record VolumeCreateRequest(string Volume, string SharingKey, string Storage);

/// <param name="Peer">Key or nickname.</param>
/// <param name="Volume">The volume's name at the peer.</param>
/// <param name="LocalName">Its name here, or null for the same.</param>
public sealed record VolumeConnectRequest(string Peer, string Volume, string? LocalName, string SharingKey, string Storage);

/// <param name="Mountpoint">An absolute path without symbolic links.</param>
public sealed record VolumeMountRequest(string Volume, string Mountpoint);

/// <param name="Lazy">Also while programs use it: they lose what they have open.</param>
public sealed record VolumeUnmountRequest(string Volume, bool Lazy);

/// <param name="Settings">Names and values, such as <c>compression</c> and <c>on</c>.</param>
public sealed record VolumeSetRequest(string Volume, IReadOnlyList<VolumeSetting> Settings);

public sealed record VolumeSetting(string Name, string Value);

/// <param name="Path">Only what lies there, from the root of the volume; null for everything.</param>
public sealed record VolumeSyncRequest(string Volume, string Peer, string? Path = null);

/// <summary>What a pull did.</summary>
/// <param name="Changed">Files, directories and links that came with it.</param>
/// <param name="Conflicts">Files that have alternates after it, those of earlier pulls included.</param>
/// <param name="Postponed">Files that are open for writing here: their new content is shown when they are closed.</param>
/// <param name="Paused">What is paused here, so that nothing more comes by itself: <c>volume</c>, or only its synchronisation with this <c>peer</c>; null for neither.</param>
public sealed record VolumeSyncReply(long Changed, long Conflicts, long Postponed, double Seconds, string? Paused = null);

/// <summary>What was forgotten, and the way back.</summary>
/// <param name="SharingKey">The key that it was sealed with.</param>
/// <param name="Storage">Where its objects are: only those in <c>local</c> are collected.</param>
/// <param name="Snapshot">Its newest snapshot, or null.</param>
/// <param name="SnapshotKey">The key of that, for an import.</param>
public sealed record VolumeRemoveReply(string SharingKey, string Storage, string? Snapshot, string? SnapshotKey);

/// <param name="SharingKey">A sharing key of this machine that was never used for the volume.</param>
public sealed record VolumeRotateRequest(string Volume, string SharingKey);

public sealed record VolumeListReply(IReadOnlyList<VolumeInfo> Volumes);

/// <param name="Id">32 hex digits, the same on every machine.</param>
/// <param name="Mountpoint">Where it is to be mounted, or null.</param>
/// <param name="Mounted">Whether it is mounted there now.</param>
/// <param name="Peers">Peers that may pull it, by nickname or key.</param>
/// <param name="Compression">Whether new content is compressed here: <c>on</c> or <c>off</c>.</param>
/// <param name="Keys">Its sharing keys, and how far a rotation has come.</param>
public sealed record VolumeInfo(
    string Name,
    string Id,
    string SharingKey,
    string? Mountpoint,
    bool Mounted,
    IReadOnlyList<StorageInfo> Storages,
    IReadOnlyList<string> Peers,
    string Compression,
    RotationInfo Keys)
{
    /// <summary>What is set about deletions by others.</summary>
    public DeletionSettings? Deletions { get; init; }
}

/// <param name="BrakePercent">From deletions of more than this share of the files within a day on, consent is asked for; 100 for never.</param>
/// <param name="BrakeFiles">So many need no consent.</param>
/// <param name="TrashDays">How long the trash keeps things; 0 for nothing.</param>
public sealed record DeletionSettings(int BrakePercent, int BrakeFiles, int TrashDays);

/// <param name="SharingKey">The key under which the snapshot is sealed.</param>
/// <param name="Snapshot">Its key, 64 hex digits.</param>
/// <param name="Storage">Where the new volume is written: <c>local</c> or an absolute path.</param>
/// <param name="Storages">Where else to look for its content.</param>
public sealed record VolumeImportRequest(string Volume, string SharingKey, string Snapshot, string Storage, IReadOnlyList<string> Storages);
