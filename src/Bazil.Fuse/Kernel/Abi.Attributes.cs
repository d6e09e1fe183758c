using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Attributes, entries, statfs, xattrs.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct Attr // struct fuse_attr
    {
        public ulong Inode; // ino
        public ulong Size; // size
        public ulong Blocks; // blocks
        public ulong AccessTime; // atime
        public ulong ModificationTime; // mtime
        public ulong ChangeTime; // ctime
        public uint AccessTimeNs; // atimensec
        public uint ModificationTimeNs; // mtimensec
        public uint ChangeTimeNs; // ctimensec
        public uint Mode; // mode
        public uint LinkCount; // nlink
        public uint UserId; // uid
        public uint GroupId; // gid
        public uint Device; // rdev
        public uint BlockSize; // blksize
        public uint Flags; // flags
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct EntryOut // struct fuse_entry_out
    {
        public ulong NodeId; // nodeid
        public ulong Generation; // generation
        public ulong EntryValid; // entry_valid
        public ulong AttrValid; // attr_valid
        public uint EntryValidNs; // entry_valid_nsec
        public uint AttrValidNs; // attr_valid_nsec
        public Attr Attr; // attr
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct AttrOut // struct fuse_attr_out
    {
        public ulong AttrValid; // attr_valid
        public uint AttrValidNs; // attr_valid_nsec
        public uint Dummy; // dummy
        public Attr Attr; // attr
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct GetAttrIn // struct fuse_getattr_in
    {
        public uint Flags; // getattr_flags
        public uint Dummy; // dummy
        public ulong Handle; // fh
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct SetAttrIn // struct fuse_setattr_in
    {
        public uint Valid; // valid
        public uint Padding; // padding
        public ulong Handle; // fh
        public ulong Size; // size
        public ulong LockOwner; // lock_owner
        public ulong AccessTime; // atime
        public ulong ModificationTime; // mtime
        public ulong ChangeTime; // ctime
        public uint AccessTimeNs; // atimensec
        public uint ModificationTimeNs; // mtimensec
        public uint ChangeTimeNs; // ctimensec
        public uint Mode; // mode
        public uint Unused4; // unused4
        public uint UserId; // uid
        public uint GroupId; // gid
        public uint Unused5; // unused5
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct StatFsOut // struct fuse_statfs_out
    {
        public ulong Blocks; // st.blocks
        public ulong BlocksFree; // st.bfree
        public ulong BlocksAvailable; // st.bavail
        public ulong Files; // st.files
        public ulong FilesFree; // st.ffree
        public uint BlockSize; // st.bsize
        public uint NameLength; // st.namelen
        public uint FragmentSize; // st.frsize
        public uint Padding; // st.padding
        public StatFsSpare Spare; // st.spare[6]
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct AccessIn // struct fuse_access_in
    {
        public uint Mask; // mask
        public uint Padding; // padding
    }

    /// <summary>Only the first 8 bytes unless FUSE_SETXATTR_EXT was agreed.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SetXattrIn // struct fuse_setxattr_in
    {
        public uint Size; // size
        public uint Flags; // flags
        public uint ExtendedFlags; // setxattr_flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct GetXattrIn // struct fuse_getxattr_in
    {
        public uint Size; // size
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct GetXattrOut // struct fuse_getxattr_out
    {
        public uint Size; // size
        public uint Padding; // padding
    }
}
