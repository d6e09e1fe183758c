using Bazil.Server.Control.Messages;

namespace Bazil.Server.Control;

/// <summary>All methods of the control protocol. Both sides take them from here.</summary>
public static class ControlMethods
{
    /// <summary>
    /// The version that both sides must speak. It is the first part of each path; a server asked for another one says which it has.
    /// Fields may be added to messages without a new version, since unknown ones are ignored.
    /// </summary>
    public const int Version = 1;

    public static readonly ControlMethod<Nothing, PingReply> Ping = new("ping");
    public static readonly ControlMethod<Nothing, PublicKeyReply> PublicKey = new("pubkey");
    public static readonly ControlMethod<Nothing, StatusReply> Status = new("status");
    public static readonly ControlMethod<Nothing, MemoryReply> Memory = new("status/memory");

    public static readonly ControlMethod<UsageRequest, UsageReply> Usage = new("du");

    public static readonly ControlMethod<GetRequest, GetReply> Get = new("get");
    public static readonly ControlMethod<GetProgressRequest, GetProgressReply> GetProgress = new("get/progress");
    public static readonly ControlMethod<PushRequest, PushReply> Push = new("push");
    public static readonly ControlMethod<PushProgressRequest, PushProgressReply> PushProgress = new("push/progress");
    public static readonly ControlMethod<WhereisRequest, WhereisReply> Whereis = new("whereis");

    public static readonly ControlMethod<PinRequest, Nothing> Pin = new("pin");
    public static readonly ControlMethod<PinRequest, Nothing> Unpin = new("unpin");
    public static readonly ControlMethod<PinListRequest, PinListReply> PinList = new("pin/list");
    public static readonly ControlMethod<PinLimitRequest, Nothing> PinLimit = new("pin/limit");

    public static readonly ControlMethod<EvictRequest, EvictReply> Evict = new("evict");
    public static readonly ControlMethod<EvictProgressRequest, EvictProgressReply> EvictProgress = new("evict/progress");
    public static readonly ControlMethod<CacheSetRequest, CacheInfo> StoreCacheSet = new("store/cache/set");
    public static readonly ControlMethod<Nothing, CacheInfo> StoreCacheShow = new("store/cache/show");
    public static readonly ControlMethod<PolicySetRequest, PolicyInfo> VolumePolicySet = new("volume/policy/set");
    public static readonly ControlMethod<VolumeRequest, PolicyInfo> VolumePolicyShow = new("volume/policy/show");

    public static readonly ControlMethod<CheckRequest, CheckReply> Check = new("check");
    public static readonly ControlMethod<CheckProgressRequest, CheckProgressReply> CheckProgress = new("check/progress");

    public static readonly ControlMethod<SharingAddRequest, Nothing> SharingAdd = new("sharing/add");
    public static readonly ControlMethod<Nothing, SharingListReply> SharingList = new("sharing/list");
    public static readonly ControlMethod<SharingRequest, SharingExportReply> SharingExport = new("sharing/export");
    public static readonly ControlMethod<SharingRequest, Nothing> SharingRemove = new("sharing/remove");

    public static readonly ControlMethod<SecretSetRequest, Nothing> SecretSet = new("secret/set");
    public static readonly ControlMethod<Nothing, SecretListReply> SecretList = new("secret/list");
    public static readonly ControlMethod<SecretRequest, Nothing> SecretRemove = new("secret/remove");

    public static readonly ControlMethod<VolumeCreateRequest, VolumeInfo> VolumeCreate = new("volume/create");
    public static readonly ControlMethod<VolumeConnectRequest, VolumeInfo> VolumeConnect = new("volume/connect");
    public static readonly ControlMethod<VolumeMountRequest, Nothing> VolumeMount = new("volume/mount");
    public static readonly ControlMethod<VolumeUnmountRequest, Nothing> VolumeUnmount = new("volume/unmount");
    public static readonly ControlMethod<VolumeRequest, VolumeRemoveReply> VolumeRemove = new("volume/remove");
    public static readonly ControlMethod<VolumeSyncRequest, VolumeSyncReply> VolumeSync = new("volume/sync");
    public static readonly ControlMethod<VolumePauseRequest, Nothing> VolumePause = new("volume/pause");
    public static readonly ControlMethod<VolumePauseRequest, Nothing> VolumeResume = new("volume/resume");
    public static readonly ControlMethod<SyncRequest, SyncReply> Sync = new("sync");
    public static readonly ControlMethod<SyncStatusRequest, SyncStatusReply> SyncStatus = new("sync/status");
    public static readonly ControlMethod<Nothing, VolumeListReply> VolumeList = new("volume/list");
    public static readonly ControlMethod<VolumeRequest, VolumeInfo> VolumeShow = new("volume/show");
    public static readonly ControlMethod<VolumeSetRequest, VolumeInfo> VolumeSet = new("volume/set");
    public static readonly ControlMethod<VolumeStorageAddRequest, StorageInfo> VolumeStorageAdd = new("volume/storage/add");
    public static readonly ControlMethod<VolumeRequest, VolumeMemberListReply> VolumeMemberList = new("volume/member/list");
    public static readonly ControlMethod<VolumeMemberRequest, VolumeMemberRemoveReply> VolumeMemberRemove = new("volume/member/remove");
    public static readonly ControlMethod<VolumeRotateRequest, VolumeInfo> VolumeRotate = new("volume/rotate");
    public static readonly ControlMethod<PendingRequest, PendingReply> VolumePending = new("volume/pending");
    public static readonly ControlMethod<PathRequest, Nothing> VolumePendingForce = new("volume/pending/force");
    public static readonly ControlMethod<VolumeRequest, DeletionDecisionReply> VolumeAccept = new("volume/accept");
    public static readonly ControlMethod<VolumeRequest, DeletionDecisionReply> VolumeReject = new("volume/reject");
    public static readonly ControlMethod<VolumeRequest, StorageListReply> VolumeStorageList = new("volume/storage/list");
    public static readonly ControlMethod<VolumeStorageRemoveRequest, Nothing> VolumeStorageRemove = new("volume/storage/remove");
    public static readonly ControlMethod<VolumeStorageLimitRequest, Nothing> VolumeStorageLimit = new("volume/storage/limit");

    public static readonly ControlMethod<VolumeImportRequest, VolumeInfo> VolumeImport = new("volume/import");

    public static readonly ControlMethod<SnapshotRequest, SnapshotInfo> SnapshotCreate = new("snapshot/create");
    public static readonly ControlMethod<VolumeRequest, SnapshotListReply> SnapshotList = new("snapshot/list");
    public static readonly ControlMethod<SnapshotDiffRequest, SnapshotDiffReply> SnapshotDiff = new("snapshot/diff");
    public static readonly ControlMethod<SnapshotRequest, Nothing> SnapshotRemove = new("snapshot/remove");
    public static readonly ControlMethod<SnapshotRenameRequest, Nothing> SnapshotRename = new("snapshot/rename");
    public static readonly ControlMethod<SnapshotRestoreRequest, SnapshotRestoreReply> SnapshotRestore = new("snapshot/restore");
    public static readonly ControlMethod<SnapshotScheduleRequest, SnapshotScheduleInfo> SnapshotSchedule = new("snapshot/schedule");
    public static readonly ControlMethod<PathRequest, HistoryReply> History = new("history");
    public static readonly ControlMethod<PathRequest, UndeleteReply> Undelete = new("undelete");
    public static readonly ControlMethod<PathRequest, LostListReply> UndeleteList = new("undelete/list");

    public static readonly ControlMethod<ConflictListRequest, ConflictListReply> ConflictList = new("conflict/list");
    public static readonly ControlMethod<ConflictResolveRequest, ConflictResolveReply> ConflictResolve = new("conflict/resolve");
    public static readonly ControlMethod<ConflictExportRequest, ConflictExportReply> ConflictExport = new("conflict/export");
    public static readonly ControlMethod<ConflictImportRequest, Nothing> ConflictImport = new("conflict/import");

    public static readonly ControlMethod<TrashListRequest, TrashListReply> TrashList = new("trash/list");
    public static readonly ControlMethod<TrashRestoreRequest, TrashRestoreReply> TrashRestore = new("trash/restore");
    public static readonly ControlMethod<TrashEmptyRequest, TrashEmptyReply> TrashEmpty = new("trash/empty");

    public static readonly ControlMethod<Nothing, StoreInfo> StoreShow = new("store/show");
    public static readonly ControlMethod<Nothing, StoreConvertReply> StoreConvert = new("store/convert");

    public static readonly ControlMethod<VolumeStorageReleaseRequest, Nothing> VolumeStorageRelease = new("volume/storage/release");

    public static readonly ControlMethod<VolumeStorageSyncRequest, VolumeStorageSyncReply> VolumeStorageSync = new("volume/storage/sync");

    public static readonly ControlMethod<VolumeStorageSyncProgressRequest, VolumeStorageSyncProgressReply> VolumeStorageSyncProgress = new("volume/storage/sync/progress");

    public static readonly ControlMethod<GcRequest, GcReply> Gc = new("gc");

    public static readonly ControlMethod<PeerAddRequest, Nothing> PeerAdd = new("peer/add");
    public static readonly ControlMethod<Nothing, PeerListReply> PeerList = new("peer/list");
    public static readonly ControlMethod<PeerRequest, PeerInfo> PeerShow = new("peer/show");
    public static readonly ControlMethod<PeerNameRequest, Nothing> PeerName = new("peer/name");
    public static readonly ControlMethod<PeerRequest, Nothing> PeerRemove = new("peer/remove");
    public static readonly ControlMethod<PeerLocationRequest, Nothing> PeerLocationSet = new("peer/location/set");
    public static readonly ControlMethod<PeerLimitRequest, Nothing> PeerLimit = new("peer/limit");
    public static readonly ControlMethod<PeerStorageRequest, Nothing> PeerStorageAllow = new("peer/storage/allow");
    public static readonly ControlMethod<PeerStorageRequest, Nothing> PeerStorageDeny = new("peer/storage/deny");
    public static readonly ControlMethod<PeerVolumeRequest, Nothing> PeerVolumeAllow = new("peer/volume/allow");
    public static readonly ControlMethod<PeerVolumeRequest, Nothing> PeerVolumeDeny = new("peer/volume/deny");
}
