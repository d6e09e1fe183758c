using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Bazil.Remotes.Sftp;

/// <summary>Builds one request: length, type, id, fields. The channel fills in length and id.</summary>
internal sealed class SftpRequest
{
    public const int HeaderBytes = 9;

    private readonly ArrayBufferWriter<byte> _bytes = new(64);

    public SftpRequest(SftpPacketKind kind)
    {
        Span<byte> header = _bytes.GetSpan(HeaderBytes)[..HeaderBytes];
        header.Clear();
        header[4] = (byte)kind;
        _bytes.Advance(HeaderBytes);
    }

    public SftpRequest Add(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    public SftpRequest Add(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    public SftpRequest Add(ReadOnlySpan<byte> bytes)
    {
        Add((uint)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    public SftpRequest Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    /// <summary>The packet as it goes over the wire.</summary>
    public ReadOnlyMemory<byte> Finish(uint id)
    {
        Memory<byte> packet = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_bytes.WrittenMemory);
        BinaryPrimitives.WriteUInt32BigEndian(packet.Span, (uint)(packet.Length - 4));
        BinaryPrimitives.WriteUInt32BigEndian(packet.Span[5..], id);
        return packet;
    }
}
