using System.Globalization;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>
/// Aborts a connection by the control file system fusectl: every request in it fails, now and later, and its readers return. Works
/// after the mount has left the tree, when no path leads to it any more.
/// </summary>
internal static unsafe class ConnectionControl
{
    private const string ControlDirectory = "/sys/fs/fuse/connections";

    /// <summary>False when there is no way to, which on a machine without fusectl is the case for all but root.</summary>
    internal static bool TryAbort(uint connection)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{connection}/abort");
        if (TryWrite(Libc.OpenAt(Libc.AT_FDCWD, $"{ControlDirectory}/{name}", Libc.O_WRONLY | Libc.O_CLOEXEC, 0))) return true;
        using var root = MountDetached();
        return root is not null && TryWrite(Libc.OpenAt(root, name, Libc.O_WRONLY | Libc.O_CLOEXEC, 0));
    }

    private static bool TryWrite(int descriptor)
    {
        if (descriptor < 0) return false;
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        var text = (byte)'1';
        return Libc.Write(file, &text, 1) == 1;
    }

    /// <summary>A fusectl of our own, attached nowhere (fsopen, fsmount; Linux 5.2).</summary>
    private static SafeFileHandle? MountDetached()
    {
        using var context = Own(Libc.FsOpen("fusectl\0"u8, Libc.FSOPEN_CLOEXEC));
        if (context is null || Libc.FsConfig(context, Libc.FSCONFIG_CMD_CREATE) < 0) return null;
        return Own(Libc.FsMount(context, Libc.FSMOUNT_CLOEXEC));
    }

    private static SafeFileHandle? Own(nint descriptor) => descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
}
