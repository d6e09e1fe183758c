using System.Buffers.Binary;
using System.Text;

namespace Bazil.Remotes.Sftp;

/// <summary>Reads the fields of one packet, big-endian, strings with their length before them. Everything is checked against the end of the packet.</summary>
internal ref struct SftpReader(ReadOnlySpan<byte> packet)
{
    private const uint HasSize = 1, HasOwner = 2, HasMode = 4, HasTimes = 8, HasExtended = 0x80000000;

    private ReadOnlySpan<byte> _rest = packet;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public ReadOnlySpan<byte> ReadBytes()
    {
        uint length = ReadUInt32();
        if (length > _rest.Length) throw Truncated();
        return Take((int)length);
    }

    public string ReadString() => Encoding.UTF8.GetString(ReadBytes());

    public SftpAttributes ReadAttributes()
    {
        uint flags = ReadUInt32();
        long? size = (flags & HasSize) != 0 ? ReadSize() : null;
        if ((flags & HasOwner) != 0) Take(8);
        uint? mode = (flags & HasMode) != 0 ? ReadUInt32() : null;
        uint? modified = null;
        if ((flags & HasTimes) != 0)
        {
            Take(4);
            modified = ReadUInt32();
        }

        if ((flags & HasExtended) != 0) SkipPairs(ReadUInt32());
        return new SftpAttributes(size, mode, modified);
    }

    private void SkipPairs(uint count)
    {
        for (uint index = 0; index < count; index++)
        {
            ReadBytes();
            ReadBytes();
        }
    }

    private long ReadSize()
    {
        ulong size = ReadUInt64();
        return size <= long.MaxValue ? (long)size : throw new SftpException(SftpStatus.BadMessage, $"the server names a file of {size} bytes");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw Truncated();
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static SftpException Truncated() => new(SftpStatus.BadMessage, "the server sent a packet that ends in the middle of a field");
}
