using System.Runtime.InteropServices;

namespace Bazil.Fuse.Kernel;

/// <summary>Names and directories.</summary>
internal static partial class Abi
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct MakeNodeIn // struct fuse_mknod_in
    {
        public uint Mode; // mode
        public uint Device; // rdev
        public uint Umask; // umask
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct MakeDirectoryIn // struct fuse_mkdir_in
    {
        public uint Mode; // mode
        public uint Umask; // umask
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct RenameIn // struct fuse_rename_in
    {
        public ulong NewParent; // newdir
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Rename2In // struct fuse_rename2_in
    {
        public ulong NewParent; // newdir
        public uint Flags; // flags
        public uint Padding; // padding
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkIn // struct fuse_link_in
    {
        public ulong OldNodeId; // oldnodeid
    }

    /// <summary>The name follows, then zeros to a multiple of 8.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Dirent // struct fuse_dirent
    {
        public ulong Inode; // ino
        public ulong Offset; // off
        public uint NameLength; // namelen
        public uint Type; // type
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct DirentPlus // struct fuse_direntplus
    {
        public EntryOut Entry; // entry_out
        public Dirent Dirent; // dirent
    }
}
