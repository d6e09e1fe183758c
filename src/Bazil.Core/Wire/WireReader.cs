using System.Buffers.Binary;

namespace Bazil.Core;

/// <summary>
/// Reads our canonical formats: big-endian fixed integers, LEB128 variable integers in their shortest form, length-prefixed
/// bytes. Checks the length, then the caller's cap, before anything is allocated. Throws <see cref="WireFormatException"/>.
/// </summary>
public ref struct WireReader
{
    private readonly string _format;
    private ReadOnlySpan<byte> _rest;

    /// <param name="bytes">What is read; lent.</param>
    /// <param name="format">Name of the format, for messages.</param>
    public WireReader(ReadOnlySpan<byte> bytes, string format)
    {
        _rest = bytes;
        _format = format;
    }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    /// <summary>What was not read yet; a part of what is read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public byte ReadByte() => ReadFixed(1)[0];

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(ReadFixed(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(ReadFixed(sizeof(ulong)));

    public Version ReadVersion() => Version.Read(ReadFixed(Version.Size));

    public NodeId ReadNodeId() => NodeId.Read(ReadFixed(NodeId.Size));

    public ReplicaId ReadReplicaId() => ReplicaId.Read(ReadFixed(ReplicaId.Size));

    public PeerId ReadPeerId() => new(ReadFixed(PeerId.Size));

    public ChunkKey ReadChunkKey() => new(ReadFixed(ChunkKey.Size));

    public ulong ReadVariable()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = ReadByte();
            if (shift == 63 && next > 1) break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return next == 0 && shift > 0 ? throw Malformed("a number is not in its shortest form") : value;
        }

        throw Malformed("a number is too long");
    }

    /// <summary>Reads a count and refuses one that is beyond <paramref name="countMax"/> or cannot fit in the rest.</summary>
    public int ReadCount(int countMax, int itemSizeMin = 1)
    {
        ulong count = ReadVariable();
        if (count > (ulong)countMax) throw Malformed($"a count of {count} is beyond the limit of {countMax}");
        if (count * (ulong)itemSizeMin > (ulong)_rest.Length) throw Malformed($"a count of {count} does not fit in the rest");
        return (int)count;
    }

    /// <summary>Reads bytes behind their length; the span is part of what is read.</summary>
    public ReadOnlySpan<byte> ReadBytes(int lengthMax) => ReadFixed(ReadCount(lengthMax));

    public ReadOnlySpan<byte> ReadFixed(int length)
    {
        if (length > _rest.Length) throw Malformed($"cut short: {length} bytes wanted, {_rest.Length} left");
        ReadOnlySpan<byte> taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    /// <summary>Goes over these bytes if they are what comes next.</summary>
    public bool TrySkip(ReadOnlySpan<byte> expected)
    {
        if (!_rest.StartsWith(expected)) return false;
        _rest = _rest[expected.Length..];
        return true;
    }

    public readonly void ExpectEnd()
    {
        if (!_rest.IsEmpty) throw Malformed($"{_rest.Length} bytes follow the end");
    }

    public readonly WireFormatException Malformed(string reason) => new($"malformed {_format}: {reason}");
}
