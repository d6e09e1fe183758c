using Bazil.Core;

namespace Bazil.FileSystem.Epochs;

/// <summary>
/// How far this machine has gone through all files to seal their content in an epoch. A row: <c>format (1) = 1 | epoch | next inode (8) | done (1)</c>.
/// Content that is left behind, or comes to be, in an ended epoch is listed in a table of its own.
/// </summary>
internal readonly record struct ResealProgress(uint Epoch, ulong NextInode, bool IsDone)
{
    private const byte Format = 1;

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteByte(Format);
        writer.WriteVariable(Epoch);
        writer.WriteUInt64(NextInode);
        writer.WriteByte(IsDone ? (byte)1 : (byte)0);
        return writer.ToArray();
    }

    public static ResealProgress Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "progress of a key rotation");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        ulong epoch = reader.ReadVariable();
        var progress = new ResealProgress((uint)Math.Min(epoch, uint.MaxValue), reader.ReadUInt64(), reader.ReadByte() != 0);
        reader.ExpectEnd();
        return progress;
    }
}
