using System.Runtime.CompilerServices;
using Bazil.Fuse.Kernel;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Transport;

/// <summary>
/// One descriptor of /dev/fuse. Each clone has its own queue of requests being handled, so an answer must go out by the
/// descriptor that the request came in by.
/// </summary>
internal sealed unsafe class DeviceChannel(SafeFileHandle device) : IReplyChannel, IDisposable
{
    internal const string DevicePath = "/dev/fuse";

    /// <summary>FUSE_DEV_IOC_CLONE: _IOR(229, 0, uint32_t).</summary>
    private const nuint CloneRequest = 0x8004E500;

    /// <summary>FUSE_DEV_IOC_BACKING_OPEN and FUSE_DEV_IOC_BACKING_CLOSE: _IOW(229, 1, struct fuse_backing_map), _IOW(229, 2, uint32_t).</summary>
    private const nuint BackingOpenRequest = 0x4010E501;
    private const nuint BackingCloseRequest = 0x4004E502;

    /// <summary>Waits for a request. OK and its length, or the error of read(2).</summary>
    internal Errno Receive(NativeBuffer buffer, out int length)
    {
        var count = Libc.Read(device, buffer.Pointer, (nuint)buffer.Length);
        length = (int)count;
        return count < 0 ? Libc.LastError : Errno.OK;
    }

    public Errno Reply(ulong unique, Errno error, ReadOnlySpan<byte> body) => Send(unique, -(int)error, body, default);

    /// <summary>Sends a notification; its code stands where the error of an answer would.</summary>
    internal Errno Notify(NotifyCode code, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name) => Send(0, (int)code, body, name);

    /// <summary>Another descriptor of the same connection, with its own queue. Null with the reason when it cannot be had.</summary>
    internal DeviceChannel? TryClone(out Errno error)
    {
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, DevicePath, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            error = Libc.LastError;
            return null;
        }

        var clone = new SafeFileHandle(descriptor, ownsHandle: true);
        var connection = (uint)device.DangerousGetHandle();
        if (Libc.Ioctl(clone, CloneRequest, &connection) < 0)
        {
            error = Libc.LastError;
            clone.Dispose();
            return null;
        }

        error = Errno.OK;
        return new DeviceChannel(clone);
    }

    internal Errno TryOpenBacking(SafeFileHandle file, out int id)
    {
        var map = new Abi.BackingMap { Descriptor = (int)file.DangerousGetHandle() };
        id = Libc.Ioctl(device, BackingOpenRequest, &map);
        GC.KeepAlive(file);
        return id < 0 ? Libc.LastError : Errno.OK;
    }

    internal Errno CloseBacking(int id)
    {
        var number = (uint)id;
        return Libc.Ioctl(device, BackingCloseRequest, &number) < 0 ? Libc.LastError : Errno.OK;
    }

    /// <summary>The number of the descriptor, for the kernel's use while this channel is open.</summary>
    internal int Descriptor => (int)device.DangerousGetHandle();

    public void Dispose() => device.Dispose();

    private Errno Send(ulong unique, int error, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail)
    {
        try
        {
            return Write(unique, error, body, tail);
        }
        catch (ObjectDisposedException) // The mount ended without waiting for a handler that ignored its cancellation.
        {
            return Errno.ENODEV;
        }
    }

    private Errno Write(ulong unique, int error, ReadOnlySpan<byte> body, ReadOnlySpan<byte> tail)
    {
        var header = new Abi.OutHeader
        {
            Length = (uint)(Unsafe.SizeOf<Abi.OutHeader>() + body.Length + tail.Length),
            Error = error,
            Unique = unique,
        };
        fixed (byte* bodyStart = body)
        fixed (byte* tailStart = tail)
        {
            var vectors = stackalloc Libc.IoVector[3];
            vectors[0] = new Libc.IoVector { Base = &header, Length = (nuint)sizeof(Abi.OutHeader) };
            vectors[1] = new Libc.IoVector { Base = bodyStart, Length = (nuint)body.Length };
            vectors[2] = new Libc.IoVector { Base = tailStart, Length = (nuint)tail.Length };
            var count = tail.Length > 0 ? 3 : body.Length > 0 ? 2 : 1;
            while (Libc.WriteVector(device, vectors, count) < 0)
            {
                var failure = Libc.LastError;
                if (failure is not (Errno.EINTR or Errno.EAGAIN)) return failure;
            }

            return Errno.OK;
        }
    }
}
