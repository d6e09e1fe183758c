using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Notifications: an OutHeader with unique 0 and the code in error, then one of these.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct InvalidateInodeOut // struct fuse_notify_inval_inode_out
    {
        public ulong NodeId; // ino
        public long Offset; // off
        public long Length; // len
    }

    /// <summary>The name and a NUL follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct InvalidateEntryOut // struct fuse_notify_inval_entry_out
    {
        public ulong Parent; // parent
        public uint NameLength; // namelen
        public uint Flags; // flags
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollWakeupOut // struct fuse_notify_poll_wakeup_out
    {
        public ulong KernelHandle; // kh
    }

    /// <summary>The name and a NUL follow.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct DeleteOut // struct fuse_notify_delete_out
    {
        public ulong Parent; // parent
        public ulong Child; // child
        public uint NameLength; // namelen
        public uint Padding; // padding
    }

    /// <summary>The data follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct StoreOut // struct fuse_notify_store_out
    {
        public ulong NodeId; // nodeid
        public ulong Offset; // offset
        public uint Size; // size
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct RetrieveOut // struct fuse_notify_retrieve_out
    {
        public ulong NotifyUnique; // notify_unique
        public ulong NodeId; // nodeid
        public ulong Offset; // offset
        public uint Size; // size
        public uint Padding; // padding
    }

    /// <summary>What FUSE_NOTIFY_REPLY brings; the data follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct RetrieveIn // struct fuse_notify_retrieve_in
    {
        public ulong Dummy1; // dummy1
        public ulong Offset; // offset
        public uint Size; // size
        public uint Dummy2; // dummy2
        public ulong Dummy3; // dummy3
        public ulong Dummy4; // dummy4
    }
}
