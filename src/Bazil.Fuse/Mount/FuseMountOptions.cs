using Bazil.Unix;

namespace Bazil.Fuse;

/// <summary>How a file system is to be mounted.</summary>
public sealed record FuseMountOptions
{
    /// <summary>An existing empty directory.</summary>
    public required string Mountpoint { get; init; }

    /// <summary>The source that mount(8) and df(1) show.</summary>
    public string FileSystemName { get; init; } = "fuse";

    /// <summary>The type shown is <c>fuse.</c> and this.</summary>
    public string? Subtype { get; init; }

    /// <summary>
    /// The block device the file system lives on, if on one (type fuseblk; only as root). The kernel then keeps others from using it, sends
    /// <see cref="FuseFileSystem.SyncFileSystem"/> (Linux 6.18), and unmounting waits for the answer to its last request.
    /// </summary>
    public string? BlockDevice { get; init; }

    /// <summary>Users other than the one who mounts may use it. As an ordinary user, needs user_allow_other in /etc/fuse.conf.</summary>
    public bool AllowOther { get; init; }

    /// <summary>The kernel checks permissions by mode and owner; otherwise the handlers do.</summary>
    public bool DefaultPermissions { get; init; } = true;

    public bool ReadOnly { get; init; }

    /// <summary>setuid bits and device nodes have their effect. Only as root.</summary>
    public bool AllowSetUserIdAndDevices { get; init; }

    /// <summary>Most data bytes of one write, a multiple of the page size.</summary>
    public int MaxWriteBytes { get; init; } = FuseLimits.MaxWriteBytes;

    /// <summary>How requests travel.</summary>
    public FuseTransport Transport { get; init; } = FuseTransport.Automatic;

    /// <summary>Threads that read requests from the device. Over io_uring there is one for each processor instead.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>Most requests the kernel keeps in the background (read-ahead, write-back) at a time.</summary>
    public int MaxBackground { get; init; } = FuseLimits.BackgroundRequests;

    /// <summary>What to ask the kernel for.</summary>
    public FuseCapabilities Capabilities { get; init; } = FuseCapabilities.Default;

    /// <summary>Which way to mount.</summary>
    public FuseMountMethod Method { get; init; } = FuseMountMethod.Automatic;

    /// <summary>Maps exceptions of handlers that are known outcomes; null for those it does not know (EIO and a log line).</summary>
    public Func<Exception, Errno?>? MapException { get; init; }
}
