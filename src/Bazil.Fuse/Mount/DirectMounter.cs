using Bazil.Fuse.Transport;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>mount(2) and umount2(2), for those who may.</summary>
internal sealed class DirectMounter : IMounter
{
    public SafeFileHandle Mount(string mountpoint, FuseMountOptions options)
    {
        var device = Open(mountpoint);
        var data = $"fd={device.DangerousGetHandle()},rootmode=40000,user_id={UnixUser.EffectiveUserId},group_id={UnixUser.EffectiveGroupId}";
        if (options.DefaultPermissions) data += ",default_permissions";
        if (options.AllowOther) data += ",allow_other";
        var flags = options.ReadOnly ? Libc.MS_RDONLY : 0;
        if (!options.AllowSetUserIdAndDevices) flags |= Libc.MS_NOSUID | Libc.MS_NODEV;
        var type = options.BlockDevice is null ? "fuse" : "fuseblk";
        if (options.Subtype is not null) type += "." + options.Subtype;
        if (Libc.Mount(options.BlockDevice ?? options.FileSystemName, mountpoint, type, flags, data) == 0) return device;
        var error = Libc.LastError;
        device.Dispose();
        throw error switch
        {
            Errno.EPERM or Errno.EACCES =>
                new FuseMountException(FuseMountFailure.NotPermitted, mountpoint, $"the kernel does not allow this process to mount ({error})"),
            Errno.ENODEV =>
                new FuseMountException(FuseMountFailure.DeviceMissing, mountpoint, "the kernel has no FUSE; load the module fuse"),
            _ => new FuseMountException(FuseMountFailure.Failed, mountpoint, $"cannot mount: {error}"),
        };
    }

    public void Unmount(string mountpoint)
    {
        if (Libc.Unmount(mountpoint, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW) == 0) return;
        var error = Libc.LastError;
        // EINVAL: nothing is mounted there, somebody else was faster.
        if (error is Errno.EINVAL or Errno.ENOENT) return;
        throw new FuseMountException(
            error == Errno.EPERM ? FuseMountFailure.NotPermitted : FuseMountFailure.Failed, mountpoint, $"cannot unmount: {error}");
    }

    private static SafeFileHandle Open(string mountpoint)
    {
        var descriptor = Libc.OpenAt(Libc.AT_FDCWD, DeviceChannel.DevicePath, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (descriptor >= 0) return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Libc.LastError;
        throw error is Errno.ENOENT or Errno.ENODEV or Errno.ENXIO
            ? new FuseMountException(FuseMountFailure.DeviceMissing, mountpoint, $"{DeviceChannel.DevicePath} is missing; load the kernel module fuse")
            : new FuseMountException(FuseMountFailure.NotPermitted, mountpoint, $"cannot open {DeviceChannel.DevicePath}: {error}");
    }
}
