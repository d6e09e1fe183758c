using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Cli.Tests.EndToEnd.Networks;

/// <summary>
/// A network device whose cable ends in this process: what is sent on it is read here as IP packets, and what is written here arrives on it (tun, Documentation/networking/tuntap.rst).
/// It may be moved into another network namespace and stays ours. Reading and writing may go on at once.
/// </summary>
internal sealed partial class TunDevice : IDisposable
{
    private const int ReadWrite = 0x80002; // O_RDWR | O_CLOEXEC
    private const nuint SetInterface = 0x400454CA; // TUNSETIFF
    private const short TunWithoutHeader = 0x1001; // IFF_TUN | IFF_NO_PI
    private const int NameSize = 16; // IFNAMSIZ
    private const int RequestSize = 40; // struct ifreq

    private readonly SafeFileHandle _file;

    public TunDevice(string name)
    {
        _file = new SafeFileHandle(Open("/dev/net/tun", ReadWrite), ownsHandle: true);
        if (_file.IsInvalid) throw new Win32Exception(Marshal.GetLastPInvokeError(), "/dev/net/tun");
        Span<byte> request = stackalloc byte[RequestSize];
        request.Clear();
        Encoding.ASCII.GetBytes(name, request[..(NameSize - 1)]);
        BinaryPrimitives.WriteInt16LittleEndian(request[NameSize..], TunWithoutHeader);
        if (Control(_file, SetInterface, ref MemoryMarshal.GetReference(request)) == 0) return;
        int error = Marshal.GetLastPInvokeError();
        _file.Dispose();
        throw new Win32Exception(error, $"the device {name}");
    }

    /// <summary>Waits for a packet. Returns its length, or 0 once the device is gone.</summary>
    public int Read(Span<byte> buffer)
    {
        while (true)
        {
            nint length = Read(_file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            if (length > 0) return (int)length;
            if (Marshal.GetLastPInvokeError() is not (4 or 5)) return 0; // EINTR; EIO while the device is down
            Thread.Yield();
        }
    }

    /// <summary>A packet that cannot arrive, because the device is down, is lost.</summary>
    public void Write(ReadOnlySpan<byte> packet) => _ = Write(_file, ref MemoryMarshal.GetReference(packet), packet.Length);

    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, ref byte argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, ref byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, ref readonly byte buffer, nint count);
}
