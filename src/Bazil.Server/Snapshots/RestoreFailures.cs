using Bazil.FileSystem.Live;
using Bazil.FileSystem.Snapshots;
using Bazil.Server.Errors;

namespace Bazil.Server.Snapshots;

/// <summary>Why something was not restored, in words.</summary>
internal static class RestoreFailures
{
    /// <exception cref="CommandFailedException">It was not.</exception>
    public static void Check(RestoreResult result, Volume volume, string snapshot, string path, string target, string volumeRoot = "MOUNTPOINT")
    {
        if (result == RestoreResult.Done) return;
        throw result switch
        {
            RestoreResult.NotInSnapshot => new CommandFailedException(
                ErrorKind.NotFound, $"snapshot {snapshot} of volume {volume.Name} has no {path}", $"paths count from the root of the volume; see what it has: ls {volumeRoot}/.snap/{snapshot}"),
            RestoreResult.TargetExists => new CommandFailedException(
                ErrorKind.AlreadyExists, $"{(target.Length == 0 ? "the root" : target)} of volume {volume.Name} exists already: nothing was restored", "name another place with -to PATH, or replace it with -in-place"),
            RestoreResult.NoParent => new CommandFailedException(
                ErrorKind.NotFound, $"volume {volume.Name} has no directory for {target}", "make it first, or restore the directory itself"),
            RestoreResult.BadName => new CommandFailedException(ErrorKind.Invalid, $"nothing can be restored to {target}: .snap and .bazil are not ordinary directories"),
            RestoreResult.SnapshotGone => new CommandFailedException(
                ErrorKind.NotFound, $"snapshot {snapshot} of volume {volume.Name} was removed meanwhile: the restore is not complete", "what there is of it is in a directory .restoring-…"),
            _ => new CommandFailedException(
                ErrorKind.Failed, $"the present state of volume {volume.Name} could not be kept in a snapshot: nothing was restored", volume.Failure ?? $"see: bazil snapshot list {volume.Name}"),
        };
    }
}
