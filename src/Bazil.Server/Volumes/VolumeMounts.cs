using Bazil.FileSystem.Live;
using Bazil.Fuse;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Volumes;

/// <summary>Mounting volumes through <see cref="FuseMount"/>, with errors in words for people.</summary>
internal static class VolumeMounts
{
    /// <summary>Shown as the type of the file system: <c>fuse.bazil</c>.</summary>
    private const string Subtype = "bazil";

    /// <summary>Mounts a volume; a mount that a dead process left there is taken away first.</summary>
    /// <exception cref="CommandFailedException">The mount point cannot be used.</exception>
    public static async Task<FuseMount> MountAsync(Volume volume, string mountpoint, ILogger log, CancellationToken cancel)
    {
        var options = new FuseMountOptions
        {
            Mountpoint = mountpoint,
            FileSystemName = volume.Name,
            Subtype = Subtype,
            // Handlers of a volume may block on the database; over io_uring that would hold up a whole processor.
            Transport = FuseTransport.Device,
            Capabilities = VolumeFileSystem.Capabilities,
            MapException = reason =>
            {
                volume.NoteFailed(reason);
                return VolumeFileSystem.MapException(reason);
            },
        };
        try
        {
            return await FuseMount.MountAsync(options, new VolumeFileSystem(volume), Log(log), cancel);
        }
        catch (FuseMountException e)
        {
            throw Describe(e, mountpoint);
        }
    }

    /// <summary>Unmounts. Programs that still use files get <paramref name="grace"/>, then errors.</summary>
    /// <exception cref="CommandFailedException">The kernel refuses.</exception>
    public static async Task UnmountAsync(FuseMount mount, TimeSpan grace)
    {
        try
        {
            await mount.UnmountAsync(grace, CancellationToken.None);
        }
        catch (FuseMountException e)
        {
            throw Describe(e, mount.Mountpoint);
        }
    }

    private static CommandFailedException Describe(FuseMountException e, string mountpoint) => e.Failure switch
    {
        FuseMountFailure.Missing => new(ErrorKind.NotFound, $"mount point {mountpoint} does not exist", $"make it with: mkdir {mountpoint}", e),
        FuseMountFailure.NotADirectory => new(ErrorKind.Invalid, $"mount point {mountpoint} is not a directory", inner: e),
        FuseMountFailure.NotEmpty => new(
            ErrorKind.Invalid, $"mount point {mountpoint} is not empty", "choose an empty directory: what is in this one would be hidden", e),
        FuseMountFailure.AlreadyMounted => new(ErrorKind.Busy, $"mount point {e.Message}", inner: e),
        FuseMountFailure.DeviceMissing => new(ErrorKind.Failed, $"cannot mount on {e.Message}", "load the kernel module with: modprobe fuse", e),
        FuseMountFailure.HelperMissing => new(ErrorKind.Failed, $"cannot mount on {e.Message}", "install the package fuse3", e),
        FuseMountFailure.NotPermitted => new(ErrorKind.Denied, $"mount point {e.Message}", inner: e),
        _ => new(ErrorKind.Failed, $"mount point {e.Message}", inner: e),
    };

    private static FuseLog Log(ILogger log) => (level, message, exception) =>
    {
        if (level >= FuseLogLevel.Warning) DaemonLog.FuseWarning(log, message, exception);
        else DaemonLog.FuseDebug(log, message, exception);
    };
}
