using System.Text;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>
/// Mounts for an ordinary user by the setuid program fusermount3, which hands the descriptor of the new connection back over a
/// socket. It fills in the owner and the descriptor by itself.
/// </summary>
internal sealed class HelperMounter : IMounter
{
    private const string Program = "fusermount3";

    public SafeFileHandle Mount(string mountpoint, FuseMountOptions options)
    {
        var run = HelperProcess.Run(Program, ["-o", Options(options), "--", mountpoint], receivesDescriptor: true);
        if (run.Descriptor is { } device && run.Succeeded) return device;
        run.Descriptor?.Dispose();
        throw Failed(run, mountpoint);
    }

    public void Unmount(string mountpoint)
    {
        var run = HelperProcess.Run(Program, ["-u", "-z", "--", mountpoint], receivesDescriptor: false);
        if (run.Succeeded) return;
        // Somebody else was faster: nothing is mounted there any more.
        if (run.StartError == Errno.OK && !MountTable.TryFind(mountpoint, out _)) return;
        throw Failed(run, mountpoint);
    }

    private static string Options(FuseMountOptions options)
    {
        var text = new StringBuilder("fsname=").Append(Escape(options.FileSystemName));
        if (options.Subtype is not null) text.Append(",subtype=").Append(Escape(options.Subtype));
        if (options.DefaultPermissions) text.Append(",default_permissions");
        if (options.AllowOther) text.Append(",allow_other");
        if (options.ReadOnly) text.Append(",ro");
        if (options.AllowSetUserIdAndDevices) text.Append(",suid,dev");
        return text.ToString();
    }

    /// <summary>The program splits its options at commas, unless a backslash precedes them.</summary>
    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    private static FuseMountException Failed(HelperResult run, string mountpoint) => run.StartError switch
    {
        Errno.OK => new FuseMountException(FuseMountFailure.HelperFailed, mountpoint, run.Describe(Program)),
        Errno.ENOENT => new FuseMountException(FuseMountFailure.HelperMissing, mountpoint, $"{Program} is not installed; install the package fuse3"),
        var error => new FuseMountException(FuseMountFailure.HelperFailed, mountpoint, $"cannot start {Program}: {error}"),
    };
}
