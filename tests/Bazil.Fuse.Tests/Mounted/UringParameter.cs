using Bazil.Fuse.Transport.Uring;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Tests.Mounted;

/// <summary>
/// The kernel's parameter for io_uring, on or off while this lives. It need only be on while something is mounted, and is put back at once. The
/// lock keeps others who do the same from taking our value for the machine's.
/// </summary>
internal sealed class UringParameter : IDisposable
{
    private const int CreateFlag = 0x40; // O_CREAT
    private static readonly string LockPath = Path.Combine(Path.GetTempPath(), "bazil-fuse-enable-uring.lock");

    private readonly SafeFileHandle _lock;
    private readonly bool _wasOn;

    private UringParameter(SafeFileHandle owned, bool on)
    {
        _lock = owned;
        _wasOn = UringTransport.IsEnabled(out _);
        Write(on);
    }

    /// <summary>Why tests over io_uring cannot run here; null when they can.</summary>
    internal static string? WhyNot { get; } = FindOut();

    internal static UringParameter Set(bool on)
    {
        Assert.SkipWhen(WhyNot is not null, WhyNot ?? "");
        var file = Open(LockPath, Libc.O_RDWR | CreateFlag);
        while (Libc.Flock(file, Libc.LOCK_EX) < 0) Assert.Equal(Errno.EINTR, Libc.LastError);
        return new UringParameter(file, on);
    }

    public void Dispose()
    {
        Write(_wasOn);
        _lock.Dispose();
    }

    /// <summary>By hand: File locks what it opens.</summary>
    private static unsafe void Write(bool on)
    {
        var value = on ? (byte)'Y' : (byte)'N';
        using var file = Open(UringTransport.ParameterPath, Libc.O_WRONLY);
        Assert.Equal(1, Libc.Write(file, &value, 1));
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, path, flags | Libc.O_CLOEXEC, 0x180); // rw-------
        Assert.True(descriptor >= 0, path);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static string? FindOut()
    {
        if (!File.Exists(UringTransport.ParameterPath)) return "the kernel has no FUSE over io_uring (Linux 6.14)";
        return UnixUser.EffectiveUserId == 0 ? null : "only root can turn on FUSE over io_uring";
    }
}
