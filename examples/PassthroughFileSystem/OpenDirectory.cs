using System.Runtime.InteropServices;

namespace Bazil.Fuse.Examples.Passthrough;

/// <summary>Where a reader of a directory is. The kernel sends one read of an open directory at a time.</summary>
internal sealed class OpenDirectory(SafeFileHandle handle)
{
    private readonly byte[] _records = new byte[32 * 1024]; // of linux_dirent64
    private int _start, _end;
    private long _offset;

    internal SafeFileHandle Handle { get; } = handle;

    internal void MoveTo(long offset)
    {
        if (offset == _offset) return;
        Libc.lseek(Handle, offset, 0);
        (_offset, _start, _end) = (offset, 0, 0);
    }

    /// <summary>The entry at the current place; without name at the end.</summary>
    internal Errno TryPeek(out ReadOnlySpan<byte> name, out ulong inode, out FuseFileType type, out long next)
    {
        name = default;
        (inode, type, next) = (0, default, 0);
        if (_start == _end)
        {
            var count = Libc.getdents64(Handle, _records, (nuint)_records.Length);
            if (count <= 0) return Libc.ErrorOf(count);
            (_start, _end) = (0, (int)count);
        }

        ReadOnlySpan<byte> record = _records.AsSpan(_start.._end);
        (inode, next, type) = (MemoryMarshal.Read<ulong>(record), MemoryMarshal.Read<long>(record[8..]), (FuseFileType)record[18]);
        name = record[19..][..record[19..].IndexOf((byte)0)];
        return Errno.OK;
    }

    internal void Advance()
    {
        _offset = MemoryMarshal.Read<long>(_records.AsSpan(_start + 8));
        _start += MemoryMarshal.Read<ushort>(_records.AsSpan(_start + 16));
    }
}
