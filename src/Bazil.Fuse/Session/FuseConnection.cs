namespace Bazil.Fuse;

/// <summary>What kernel and library agreed on when the mount started.</summary>
public sealed class FuseConnection
{
    internal FuseConnection(IFuseNotifier notifier) => Notifier = notifier;

    /// <summary>The minor version of protocol 7 in use: the lower of the kernel's and the library's.</summary>
    public int ProtocolMinor { get; internal init; }

    /// <summary>The capabilities that were asked for and are offered.</summary>
    public FuseCapabilities Capabilities { get; internal init; }

    /// <summary>How requests come: <see cref="FuseTransport.Device"/> or <see cref="FuseTransport.Uring"/>.</summary>
    public FuseTransport Transport { get; internal set; } = FuseTransport.Device;

    /// <summary>Most data bytes of one write.</summary>
    public int MaxWriteBytes { get; internal init; }

    /// <summary>Tells the kernel what it must no longer believe.</summary>
    public IFuseNotifier Notifier { get; }
}
