using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Bazil.Core;
using Bazil.Fuse.Kernel;

namespace Bazil.Fuse;

/// <summary>
/// Takes the entries of one directory read. Lent to <see cref="FuseFileSystem.ReadDirectory"/> until its task completes;
/// for one thread at a time. Entries lie in it as the kernel will read them, each padded to 8 bytes.
/// </summary>
public sealed class DirectoryBuffer
{
    private const int RecordAlignment = 8;

    private Memory<byte> _memory;
    private int _used;

    internal DirectoryBuffer()
    {
    }

    /// <summary>
    /// The kernel wants each entry looked up as well (READDIRPLUS): use <see cref="TryAddPlus"/>. Adding one with
    /// <see cref="TryAdd"/> all the same only costs a later lookup.
    /// </summary>
    public bool WantsPlus { get; private set; }

    /// <summary>Bytes filled so far.</summary>
    internal int Used => _used;

    internal bool IsEmpty => _used == 0;

    /// <summary>
    /// Adds an entry; false when the buffer is full, and then the entry is not in it.
    /// </summary>
    /// <param name="name">1 to 255 bytes without NUL and slash; also <c>.</c> and <c>..</c>.</param>
    /// <param name="inode">The inode number users see; not 0.</param>
    /// <param name="type">The type of the node.</param>
    /// <param name="nextOffset">Where a later read goes on after this entry; not 0. It must stay valid while the directory is open.</param>
    public bool TryAdd(ReadOnlySpan<byte> name, ulong inode, FuseFileType type, long nextOffset)
    {
        // An entry without node id tells the kernel that nothing was looked up.
        return WantsPlus
            ? TryAppend(name, default, inode, type, nextOffset)
            : TryAppend(name, inode, type, nextOffset);
    }

    /// <summary>
    /// Adds an entry together with its lookup, which counts when this returns true, and only then. Only when
    /// <see cref="WantsPlus"/>; not for <c>.</c> and <c>..</c>, which the kernel does not count.
    /// </summary>
    public bool TryAddPlus(ReadOnlySpan<byte> name, in FuseEntry entry, long nextOffset)
    {
        Invariant.Check(WantsPlus);
        if (name is [(byte)'.'] or [(byte)'.', (byte)'.']) throw new ArgumentException("the kernel does not look up . and .. while reading a directory", nameof(name));
        return TryAppend(name, entry, entry.Attributes.Inode, FuseMode.TypeOf(entry.Attributes.Mode), nextOffset);
    }

    internal static int PlusRecordBytes(int nameLength) =>
        RecordBytes(Unsafe.SizeOf<Abi.DirentPlus>() + nameLength);

    internal void Lend(Memory<byte> memory, bool wantsPlus)
    {
        _memory = memory;
        _used = 0;
        WantsPlus = wantsPlus;
    }

    internal void TakeBack()
    {
        _memory = default;
        _used = 0;
    }

    private static int RecordBytes(int end) => (end + RecordAlignment - 1) & -RecordAlignment;

    private bool TryAppend(ReadOnlySpan<byte> name, ulong inode, FuseFileType type, long nextOffset)
    {
        var record = Reserve(Unsafe.SizeOf<Abi.Dirent>(), name);
        if (record.IsEmpty) return false;
        MemoryMarshal.Write(record, Header(name, inode, type, nextOffset));
        return true;
    }

    private bool TryAppend(ReadOnlySpan<byte> name, in FuseEntry entry, ulong inode, FuseFileType type, long nextOffset)
    {
        var record = Reserve(Unsafe.SizeOf<Abi.DirentPlus>(), name);
        if (record.IsEmpty) return false;
        ref var plus = ref MemoryMarshal.AsRef<Abi.DirentPlus>(record);
        plus.Entry.Fill(entry);
        plus.Dirent = Header(name, inode, type, nextOffset);
        return true;
    }

    private static Abi.Dirent Header(ReadOnlySpan<byte> name, ulong inode, FuseFileType type, long nextOffset) =>
        new() { Inode = inode, Offset = (ulong)nextOffset, NameLength = (uint)name.Length, Type = (uint)type };

    /// <summary>Room for a record, with name and padding written behind its header; empty when there is none.</summary>
    private Span<byte> Reserve(int headerBytes, ReadOnlySpan<byte> name)
    {
        // The kernel fails the whole read with EIO for a name it does not like.
        if (name.Length is 0 or > FuseLimits.NameBytes || name.IndexOfAny((byte)0, (byte)'/') >= 0)
            throw new ArgumentException("a name has 1 to 255 bytes, none of them NUL or slash", nameof(name));
        var end = headerBytes + name.Length;
        var size = RecordBytes(end);
        if (size > _memory.Length - _used) return default;
        var record = _memory.Span.Slice(_used, size);
        name.CopyTo(record[headerBytes..]);
        record[end..].Clear();
        _used += size;
        return record;
    }
}
