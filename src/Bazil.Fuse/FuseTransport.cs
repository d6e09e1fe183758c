namespace Bazil.Fuse;

/// <summary>How requests and answers travel between kernel and library.</summary>
public enum FuseTransport
{
    /// <summary>io_uring where the kernel offers it, else the device, with a log line that says why.</summary>
    Automatic,

    /// <summary>Reading and writing /dev/fuse.</summary>
    Device,

    /// <summary>FUSE over io_uring: Linux 6.14 with the parameter <c>enable_uring</c> of the module fuse on. Without it, mounting fails.</summary>
    Uring,
}
