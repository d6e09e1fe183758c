using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Bazil.Server.Control.Messages;

namespace Bazil.Server.Control;

/// <summary>How control messages are written: JSON, by code generated at compile time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Nothing))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(PingReply))]
[JsonSerializable(typeof(PublicKeyReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(MemoryReply))]
[JsonSerializable(typeof(UsageRequest))]
[JsonSerializable(typeof(UsageReply))]
[JsonSerializable(typeof(CheckRequest))]
[JsonSerializable(typeof(CheckReply))]
[JsonSerializable(typeof(CheckProgressRequest))]
[JsonSerializable(typeof(CheckProgressReply))]
[JsonSerializable(typeof(SharingAddRequest))]
[JsonSerializable(typeof(SharingListReply))]
[JsonSerializable(typeof(SharingRequest))]
[JsonSerializable(typeof(SharingExportReply))]
[JsonSerializable(typeof(VolumeRotateRequest))]
[JsonSerializable(typeof(VolumeRequest))]
[JsonSerializable(typeof(VolumeRemoveReply))]
[JsonSerializable(typeof(VolumeCreateRequest))]
[JsonSerializable(typeof(VolumeConnectRequest))]
[JsonSerializable(typeof(VolumeMountRequest))]
[JsonSerializable(typeof(VolumeUnmountRequest))]
[JsonSerializable(typeof(VolumeSetRequest))]
[JsonSerializable(typeof(VolumeSyncRequest))]
[JsonSerializable(typeof(VolumeSyncReply))]
[JsonSerializable(typeof(VolumeListReply))]
[JsonSerializable(typeof(VolumeInfo))]
[JsonSerializable(typeof(VolumeStorageAddRequest))]
[JsonSerializable(typeof(VolumeStorageRemoveRequest))]
[JsonSerializable(typeof(StorageListReply))]
[JsonSerializable(typeof(StorageInfo))]
[JsonSerializable(typeof(VolumeImportRequest))]
[JsonSerializable(typeof(SnapshotRequest))]
[JsonSerializable(typeof(SnapshotInfo))]
[JsonSerializable(typeof(SnapshotListReply))]
[JsonSerializable(typeof(SnapshotDiffRequest))]
[JsonSerializable(typeof(SnapshotDiffReply))]
[JsonSerializable(typeof(SnapshotRenameRequest))]
[JsonSerializable(typeof(SnapshotRestoreRequest))]
[JsonSerializable(typeof(SnapshotRestoreReply))]
[JsonSerializable(typeof(SnapshotScheduleRequest))]
[JsonSerializable(typeof(SnapshotScheduleInfo))]
[JsonSerializable(typeof(PathRequest))]
[JsonSerializable(typeof(HistoryReply))]
[JsonSerializable(typeof(UndeleteReply))]
[JsonSerializable(typeof(LostListReply))]
[JsonSerializable(typeof(StoreInfo))]
[JsonSerializable(typeof(StoreConvertReply))]
[JsonSerializable(typeof(GcRequest))]
[JsonSerializable(typeof(GcReply))]
[JsonSerializable(typeof(PeerRequest))]
[JsonSerializable(typeof(PeerAddRequest))]
[JsonSerializable(typeof(PeerNameRequest))]
[JsonSerializable(typeof(PeerLocationRequest))]
[JsonSerializable(typeof(PeerStorageRequest))]
[JsonSerializable(typeof(PeerVolumeRequest))]
[JsonSerializable(typeof(PeerListReply))]
[JsonSerializable(typeof(PeerInfo))]
public sealed partial class ControlJson : JsonSerializerContext
{
    /// <summary>The generated description of a message type.</summary>
    public static JsonTypeInfo<T> Of<T>() =>
        Default.GetTypeInfo(typeof(T)) as JsonTypeInfo<T> ?? throw new NotSupportedException($"{typeof(T)} is not a control message");

    /// <summary>Reads a message; null, wrong types and missing fields are a <see cref="JsonException"/>.</summary>
    public static T Read<T>(ReadOnlySpan<byte> utf8) => JsonSerializer.Deserialize(utf8, Of<T>()) ?? throw new JsonException("a message must not be null");
}
