using System.Buffers.Binary;

namespace Bazil.TestChild.Posix;

/// <summary>What statx(2) tells of a node.</summary>
internal readonly record struct NodeStatus(uint Mode, uint Links, uint User, uint Group, long Size, ulong Inode, ulong Device, (long, uint) ModifyTime, (long, uint) ChangeTime)
{
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicMask = 0x7FF;
    private const int SizeBytes = 256;
    private const uint TypeMask = 0xF000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;

    public bool IsFile => (Mode & TypeMask) == 0x8000;

    public bool IsSymlink => (Mode & TypeMask) == 0xA000;

    public static NodeStatus? OfPath(byte[] path) => Of(-100, path, NoFollow);

    public static NodeStatus? OfDescriptor(int descriptor) => Of(descriptor, [0], EmptyPath);

    /// <summary>What both sides must agree on; the size of a directory is the file system's own affair.</summary>
    public string Describe() => $"{Convert.ToString(Mode, 8)} links {Links} owner {User}:{Group} size {(IsDirectory ? 0 : Size)} device {Device:x}";

    private static NodeStatus? Of(int directory, byte[] path, int flags)
    {
        Span<byte> raw = stackalloc byte[SizeBytes];
        if (Libc.Stat(directory, path, flags, BasicMask, raw) != 0) return null;
        return new NodeStatus(
            BinaryPrimitives.ReadUInt16LittleEndian(raw[28..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(raw[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[128..]),
            TimeAt(raw[112..]),
            TimeAt(raw[96..]));
    }

    private static (long Seconds, uint Nanoseconds) TimeAt(ReadOnlySpan<byte> raw) =>
        (BinaryPrimitives.ReadInt64LittleEndian(raw), BinaryPrimitives.ReadUInt32LittleEndian(raw[8..]));
}
