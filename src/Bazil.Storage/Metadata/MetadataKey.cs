using System.Buffers.Binary;
using System.Text;
using Bazil.Core;

namespace Bazil.Storage.Metadata;

/// <summary>
/// A key under construction: the table's byte, then parts whose byte order is their order. Writes into a buffer lent by
/// the caller, so that a key costs no allocation:
/// <code>
/// var directory = new MetadataKey(stackalloc byte[MetadataKey.MaxSize], Table.Dirent).Add(volumeNumber).Add(inode);
/// byte[]? record = store.Get(directory.Add(name).Bytes);
/// </code>
/// Each <c>Add</c> returns the longer key and leaves the shorter one valid, so a common prefix is built once. Two keys
/// extended from one prefix share the buffer: the later <c>Add</c> overwrites what the earlier one wrote.
/// </summary>
public readonly ref struct MetadataKey
{
    /// <summary>
    /// Enough for every key: table, volume, inode and a name of 255 bytes are 268. Longer is a bug of the caller, who
    /// has checked names before.
    /// </summary>
    public const int MaxSize = 320;

    private readonly Span<byte> _buffer;
    private readonly int _length;

    public MetadataKey(Span<byte> buffer, Table table)
    {
        Invariant.Check(buffer.Length > 0);
        buffer[0] = (byte)table;
        _buffer = buffer;
        _length = 1;
    }

    private MetadataKey(Span<byte> buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    /// <summary>The key so far. Valid as long as the buffer is, and until it is extended differently.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer[.._length];

    /// <summary>Appends 4 bytes, big endian: the local number of a volume.</summary>
    public MetadataKey Add(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(sizeof(uint)), value);
        return Longer(sizeof(uint));
    }

    /// <summary>Appends 8 bytes, big endian: a tick or a sequence number.</summary>
    public MetadataKey Add(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Room(sizeof(ulong)), value);
        return Longer(sizeof(ulong));
    }

    public MetadataKey Add(InodeId inode) => Add(inode.Value);

    public MetadataKey Add(VolumeId volume)
    {
        volume.Write(Room(VolumeId.Size));
        return Longer(VolumeId.Size);
    }

    public MetadataKey Add(ReplicaId replica)
    {
        replica.Write(Room(ReplicaId.Size));
        return Longer(ReplicaId.Size);
    }

    public MetadataKey Add(Version version)
    {
        version.Write(Room(Version.Size));
        return Longer(Version.Size);
    }

    public MetadataKey Add(NodeId node) => Add(node.Creation);

    public MetadataKey Add(in PeerId peer) => Add(peer.Span);

    public MetadataKey Add(in ObjectId id) => Add(id.Span);

    /// <summary>Appends the bytes as they are. Only the last part of a key may vary in length, else keys could collide.</summary>
    public MetadataKey Add(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        return Longer(bytes.Length);
    }

    /// <summary>Appends the text as UTF-8. As with bytes, only as the last part.</summary>
    public MetadataKey Add(string text)
    {
        int size = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, Room(size));
        return Longer(size);
    }

    /// <summary>
    /// The smallest key above all keys that begin with <paramref name="prefix"/>, for use as the end of a scan; empty,
    /// which means to the end, when there is none (the prefix is all 0xFF or empty).
    /// </summary>
    /// <param name="prefix">The common beginning.</param>
    /// <param name="buffer">At least as long as the prefix, and not the same memory; the result lies in it.</param>
    public static ReadOnlySpan<byte> PrefixEnd(scoped ReadOnlySpan<byte> prefix, Span<byte> buffer)
    {
        int last = prefix.LastIndexOfAnyExcept((byte)0xFF);
        if (last < 0) return [];
        prefix[..(last + 1)].CopyTo(buffer);
        buffer[last]++;
        return buffer[..(last + 1)];
    }

    private Span<byte> Room(int size)
    {
        Invariant.Check(size <= _buffer.Length - _length);
        return _buffer.Slice(_length, size);
    }

    private MetadataKey Longer(int size) => new(_buffer, _length + size);
}
