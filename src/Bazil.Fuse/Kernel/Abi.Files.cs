using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Open files and their data.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenIn // struct fuse_open_in
    {
        public uint Flags; // flags
        public uint OpenFlags; // open_flags
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenOut // struct fuse_open_out
    {
        public ulong Handle; // fh
        public uint OpenFlags; // open_flags
        public int BackingId; // backing_id
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CreateIn // struct fuse_create_in
    {
        public uint Flags; // flags
        public uint Mode; // mode
        public uint Umask; // umask
        public uint OpenFlags; // open_flags
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CreateOut // struct fuse_entry_out, then struct fuse_open_out
    {
        public EntryOut Entry;
        public OpenOut Open;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ReleaseIn // struct fuse_release_in
    {
        public ulong Handle; // fh
        public uint Flags; // flags
        public uint ReleaseFlags; // release_flags
        public ulong LockOwner; // lock_owner
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct FlushIn // struct fuse_flush_in
    {
        public ulong Handle; // fh
        public uint Unused; // unused
        public uint Padding; // padding
        public ulong LockOwner; // lock_owner
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ReadIn // struct fuse_read_in
    {
        public ulong Handle; // fh
        public ulong Offset; // offset
        public uint Size; // size
        public uint ReadFlags; // read_flags
        public ulong LockOwner; // lock_owner
        public uint Flags; // flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct WriteIn // struct fuse_write_in
    {
        public ulong Handle; // fh
        public ulong Offset; // offset
        public uint Size; // size
        public uint WriteFlags; // write_flags
        public ulong LockOwner; // lock_owner
        public uint Flags; // flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct WriteOut // struct fuse_write_out
    {
        public uint Size; // size
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct FsyncIn // struct fuse_fsync_in
    {
        public ulong Handle; // fh
        public uint Flags; // fsync_flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SeekIn // struct fuse_lseek_in
    {
        public ulong Handle; // fh
        public ulong Offset; // offset
        public uint Whence; // whence
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SeekOut // struct fuse_lseek_out
    {
        public ulong Offset; // offset
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct AllocateIn // struct fuse_fallocate_in
    {
        public ulong Handle; // fh
        public ulong Offset; // offset
        public ulong Length; // length
        public uint Mode; // mode
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct CopyFileRangeIn // struct fuse_copy_file_range_in
    {
        public ulong HandleIn; // fh_in
        public ulong OffsetIn; // off_in
        public ulong NodeIdOut; // nodeid_out
        public ulong HandleOut; // fh_out
        public ulong OffsetOut; // off_out
        public ulong Length; // len
        public ulong Flags; // flags
    }

    /// <summary>The answer of FUSE_COPY_FILE_RANGE_64; the older request takes a <see cref="WriteOut"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct CopyFileRangeOut // struct fuse_copy_file_range_out
    {
        public ulong BytesCopied; // bytes_copied
    }
}
