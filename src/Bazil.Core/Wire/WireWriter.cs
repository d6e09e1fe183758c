using System.Buffers;
using System.Buffers.Binary;

namespace Bazil.Core;

/// <summary>Writes what <see cref="WireReader"/> reads, into one growing buffer. Not safe for concurrent use.</summary>
public sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    /// <summary>What was written; valid until the next write or <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Span => _buffer.WrittenSpan;

    /// <inheritdoc cref="Span"/>
    public ReadOnlyMemory<byte> Memory => _buffer.WrittenMemory;

    public int Length => _buffer.WrittenCount;

    public void Clear() => _buffer.ResetWrittenCount();

    public byte[] ToArray() => Span.ToArray();

    public void WriteByte(byte value) => Advance(1)[0] = value;

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Advance(sizeof(uint)), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Advance(sizeof(ulong)), value);

    public void WriteVersion(Version version) => version.Write(Advance(Version.Size));

    public void WriteNodeId(NodeId node) => node.Write(Advance(NodeId.Size));

    public void WriteReplicaId(ReplicaId replica) => replica.Write(Advance(ReplicaId.Size));

    public void WriteVariable(ulong value)
    {
        while (value >= 0x80)
        {
            WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        WriteByte((byte)value);
    }

    /// <summary>Writes the bytes behind their length.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        WriteVariable((ulong)bytes.Length);
        WriteFixed(bytes);
    }

    public void WriteFixed(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Advance(bytes.Length));

    private Span<byte> Advance(int length)
    {
        Span<byte> span = _buffer.GetSpan(length)[..length];
        _buffer.Advance(length);
        return span;
    }
}
