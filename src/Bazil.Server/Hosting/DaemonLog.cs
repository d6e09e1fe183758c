using Microsoft.Extensions.Logging;

namespace Bazil.Server.Hosting;

/// <summary>What the daemon says about itself and its mounts.</summary>
internal static partial class DaemonLog
{
    [LoggerMessage(1, LogLevel.Error, "the database failed and is read-only from now on")]
    public static partial void DatabaseFailed(ILogger log, Exception reason);

    [LoggerMessage(2, LogLevel.Warning, "volume {Volume} is not mounted on {Mountpoint} again: {Reason}")]
    public static partial void NotRemounted(ILogger log, string volume, string mountpoint, string reason);

    [LoggerMessage(3, LogLevel.Information, "volume {Volume} is mounted on {Mountpoint}")]
    public static partial void Mounted(ILogger log, string volume, string mountpoint);

    [LoggerMessage(4, LogLevel.Information, "volume {Volume} is unmounted from {Mountpoint}")]
    public static partial void Unmounted(ILogger log, string volume, string mountpoint);

    [LoggerMessage(5, LogLevel.Warning, "cleared a dead mount on {Mountpoint}")]
    public static partial void StaleCleared(ILogger log, string mountpoint);

    [LoggerMessage(6, LogLevel.Error, "volume {Volume} could not be closed cleanly")]
    public static partial void CloseFailed(ILogger log, string volume, Exception reason);

    [LoggerMessage(7, LogLevel.Error, "{Message}")]
    public static partial void VolumeFailed(ILogger log, string message, Exception? reason);

    [LoggerMessage(10, LogLevel.Information, "collected garbage: {Objects} objects ({Bytes} bytes) deleted, {Fossils} found")]
    public static partial void Collected(ILogger log, long objects, long bytes, long fossils);

    [LoggerMessage(11, LogLevel.Warning, "garbage was not collected: {Reason}")]
    public static partial void NotCollected(ILogger log, string reason);

    [LoggerMessage(13, LogLevel.Warning, "garbage was not collected in {Store}: {Reason}")]
    public static partial void NotCollectedElsewhere(ILogger log, string store, string reason);

    [LoggerMessage(14, LogLevel.Warning, "storage {Store} was given up while it could not be reached, so the lease of this node is left there: other nodes will wait for it until somebody removes it with: bazil volume storage release: {Reason}")]
    public static partial void LeaseLeft(ILogger log, string store, string reason);

    [LoggerMessage(8, LogLevel.Debug, "{Message}")]
    public static partial void FuseDebug(ILogger log, string message, Exception? reason);

    [LoggerMessage(30, LogLevel.Error, "volume {Volume}: content of {Path} is damaged or missing: {Reason}")]
    public static partial void ContentLost(ILogger log, string volume, string path, string reason);

    [LoggerMessage(31, LogLevel.Warning, "volume {Volume}: {Count} damaged chunks were replaced from other storages")]
    public static partial void ContentHealed(ILogger log, string volume, long count);

    [LoggerMessage(32, LogLevel.Warning, "volume {Volume} could not be scrubbed, which is tried again: {Reason}")]
    public static partial void ScrubFailed(ILogger log, string volume, string reason);

    [LoggerMessage(41, LogLevel.Warning, "volume {Volume} is removed: the server died while it was being imported; import it again")]
    public static partial void RemovedUnfinished(ILogger log, string volume);

    [LoggerMessage(40, LogLevel.Warning, "volume {Volume} gets no scheduled snapshots, which is tried again: {Reason}")]
    public static partial void SnapshotFailed(ILogger log, string volume, string reason);

    [LoggerMessage(20, LogLevel.Warning, "{Message}; {NextStep}")]
    public static partial void KeyLacking(ILogger log, string message, string nextStep);

    [LoggerMessage(21, LogLevel.Warning, "content of volume {Volume} could not be sealed under its new sharing key: {Reason}")]
    public static partial void ResealFailed(ILogger log, string volume, string reason);

    [LoggerMessage(50, LogLevel.Warning, "automatic synchronisation: {Reason}")]
    public static partial void SyncFailed(ILogger log, string reason);

    [LoggerMessage(60, LogLevel.Warning, "volume {Volume}: content is not copied to storage {Storage}, which is tried again: {Reason}")]
    public static partial void PushFailed(ILogger log, string volume, string storage, string reason);

    [LoggerMessage(9, LogLevel.Warning, "{Message}")]
    public static partial void FuseWarning(ILogger log, string message, Exception? reason);

    [LoggerMessage(70, LogLevel.Warning, "volume {Volume}: pinned content is not here, which is tried again: {Reason}")]
    public static partial void PinsIncomplete(ILogger log, string volume, string reason);

    [LoggerMessage(71, LogLevel.Warning, "this node's own store does not get smaller, which is tried again: {Reason}")]
    public static partial void NotEvicted(ILogger log, string reason);
}
