using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Locks, device control and waiting for files.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct FileLock // struct fuse_file_lock
    {
        public ulong Start; // start
        public ulong End; // end, inclusive
        public uint Type; // type: F_RDLCK 0, F_WRLCK 1, F_UNLCK 2
        public uint ProcessId; // pid
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct LockIn // struct fuse_lk_in
    {
        public ulong Handle; // fh
        public ulong Owner; // owner
        public FileLock Lock; // lk
        public uint Flags; // lk_flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct LockOut // struct fuse_lk_out
    {
        public FileLock Lock; // lk
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct IoctlIn // struct fuse_ioctl_in
    {
        public ulong Handle; // fh
        public uint Flags; // flags
        public uint Command; // cmd
        public ulong Argument; // arg
        public uint InputBytes; // in_size
        public uint OutputBytes; // out_size
    }

    /// <summary>The output follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoctlOut // struct fuse_ioctl_out
    {
        public int Result; // result
        public uint Flags; // flags
        public uint InputVectors; // in_iovs
        public uint OutputVectors; // out_iovs
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollIn // struct fuse_poll_in
    {
        public ulong Handle; // fh
        public ulong KernelHandle; // kh
        public uint Flags; // flags
        public uint Events; // events
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollOut // struct fuse_poll_out
    {
        public uint Events; // revents
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct BackingMap // struct fuse_backing_map
    {
        public int Descriptor; // fd
        public uint Flags; // flags
        public ulong Padding; // padding
    }
}
