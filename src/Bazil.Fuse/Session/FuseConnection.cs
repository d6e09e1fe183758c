using Bazil.Fuse.Transport;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse;

/// <summary>What kernel and library agreed on when the mount started.</summary>
public sealed class FuseConnection
{
    private readonly DeviceChannel? _channel;

    internal FuseConnection(IFuseNotifier notifier, DeviceChannel? channel = null)
    {
        Notifier = notifier;
        _channel = channel;
    }

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

    /// <summary>
    /// Registers a file for the kernel to read and write in place of files opened with the id (<see cref="FuseOpened.Backing"/>).
    /// The kernel keeps the file until <see cref="CloseBacking"/> and the last such open file is gone; the descriptor may be
    /// closed at once. EPERM without CAP_SYS_ADMIN, EOPNOTSUPP without <see cref="FuseCapabilities.Passthrough"/>. For any thread.
    /// </summary>
    public Errno TryOpenBacking(SafeFileHandle file, out FuseBackingId backing)
    {
        backing = default;
        if (_channel is null || (Capabilities & FuseCapabilities.Passthrough) == 0) return Errno.EOPNOTSUPP;
        var error = _channel.TryOpenBacking(file, out var id);
        if (error == Errno.OK) backing = new FuseBackingId(id);
        return error;
    }

    /// <summary>Gives a backing file back; those who have it open go on using it.</summary>
    public Errno CloseBacking(FuseBackingId backing) => _channel?.CloseBacking(backing.Value) ?? Errno.EOPNOTSUPP;
}
