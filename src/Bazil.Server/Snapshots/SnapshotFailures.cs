using Bazil.Server.Errors;
using Bazil.Unix;

namespace Bazil.Server.Snapshots;

/// <summary>Why a snapshot was not taken, renamed or removed, in words.</summary>
internal static class SnapshotFailures
{
    public static CommandFailedException Of(Errno error, string volume, string? failure, string name) => error switch
    {
        Errno.EEXIST => new(ErrorKind.AlreadyExists, $"volume {volume} has a snapshot {name} already", $"see: bazil snapshot list {volume}"),
        Errno.ENOENT => new(ErrorKind.NotFound, $"volume {volume} has no snapshot {name}", $"see: bazil snapshot list {volume}"),
        Errno.EDQUOT => new(ErrorKind.Failed, $"volume {volume} has as many snapshots as it can have", $"remove some: bazil snapshot remove {volume} NAME"),
        Errno.EBUSY => new(ErrorKind.Busy, $"snapshot {name} of volume {volume} is in use: something is being copied out of it, or taken over from it by another snapshot", "try again in a moment"),
        Errno.EROFS => new(ErrorKind.Failed, $"volume {volume} is read-only: {failure}", "see: bazil status"),
        _ => new(ErrorKind.Failed, $"snapshot {name} of volume {volume}: {error}"),
    };
}
