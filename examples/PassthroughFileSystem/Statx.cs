using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>struct statx (linux/stat.h), the same on every architecture.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal readonly struct Statx
{
    private readonly uint _mask, _blockSize;
    private readonly ulong _flags;
    private readonly uint _linkCount, _userId, _groupId;
    private readonly ushort _mode;
    private readonly ulong _inode;
    private readonly long _size, _blocks;
    private readonly ulong _flagsMask;
    private readonly UnixTime _accessTime, _birthTime, _changeTime, _modificationTime;
    private readonly uint _deviceMajor, _deviceMinor;
    private readonly ulong _fileSystem;

    internal (ulong Device, ulong Inode) Key => (_fileSystem, _inode);

    internal FuseAttributes ToAttributes() => new()
    {
        Inode = _inode, Mode = _mode, LinkCount = _linkCount, UserId = _userId, GroupId = _groupId,
        Size = _size, Blocks = _blocks, BlockSize = _blockSize,
        AccessTime = _accessTime, ModificationTime = _modificationTime, ChangeTime = _changeTime,
        Device = (_deviceMinor & 0xFF) | (_deviceMajor << 8) | ((_deviceMinor & ~0xFFu) << 12),
    };
}
