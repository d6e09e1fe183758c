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
}
