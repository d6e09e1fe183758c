using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>statx(2).</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct StatxIn // struct fuse_statx_in
    {
        public uint GetAttrFlags; // getattr_flags
        public uint Reserved; // reserved
        public ulong Handle; // fh
        public uint Flags; // sx_flags
        public uint Mask; // sx_mask
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct StatxTime // struct fuse_sx_time
    {
        public long Seconds; // tv_sec
        public uint Nanoseconds; // tv_nsec
        public int Reserved; // __reserved
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Statx // struct fuse_statx
    {
        public uint Mask; // mask
        public uint BlockSize; // blksize
        public ulong Attributes; // attributes
        public uint LinkCount; // nlink
        public uint UserId; // uid
        public uint GroupId; // gid
        public ushort Mode; // mode
        public ushort Spare0; // __spare0[1]
        public ulong Inode; // ino
        public ulong Size; // size
        public ulong Blocks; // blocks
        public ulong AttributesMask; // attributes_mask
        public StatxTime AccessTime; // atime
        public StatxTime BirthTime; // btime
        public StatxTime ChangeTime; // ctime
        public StatxTime ModificationTime; // mtime
        public uint DeviceMajor; // rdev_major
        public uint DeviceMinor; // rdev_minor
        public uint FileSystemMajor; // dev_major
        public uint FileSystemMinor; // dev_minor
        public StatxSpare Spare2; // __spare2[14]
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct StatxOut // struct fuse_statx_out
    {
        public ulong AttrValid; // attr_valid
        public uint AttrValidNs; // attr_valid_nsec
        public uint Flags; // flags
        public ulong Spare0; // spare[2]
        public ulong Spare1;
        public Statx Stat; // stat
    }
}
