using Bazil.Core;

namespace Bazil.FileSystem.Snapshots;

/// <summary>The canonical form of a node of a directory's search tree; to the byte in docs/snapshots.md.</summary>
internal static class DirectoryNodeCodec
{
    public const byte Format = 1;

    /// <summary>The last byte of every chunk: stores trim trailing zeros, so a chunk must not end with one.</summary>
    public const byte EndMark = 0xED;

    public static void Write(WireWriter writer, byte level, int itemCount, ReadOnlySpan<byte> items)
    {
        writer.WriteByte(Format);
        writer.WriteByte(level);
        writer.WriteVariable((ulong)itemCount);
        writer.WriteFixed(items);
        writer.WriteByte(EndMark);
    }

    /// <summary>An item of a leaf: a name and the entry behind it.</summary>
    public static void WriteLeafItem(WireWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        writer.WriteBytes(name);
        writer.WriteBytes(body);
    }

    /// <summary>An item of a branch: the last name below the child, the number of entries below it, its key.</summary>
    public static void WriteBranchItem(WireWriter writer, ReadOnlySpan<byte> lastName, ulong entries, in ChunkKey child)
    {
        writer.WriteBytes(lastName);
        writer.WriteVariable(entries);
        writer.WriteFixed(child.Span);
    }

    /// <summary>Reads the header of a node and leaves the reader at its first item.</summary>
    public static int ReadHeader(ref WireReader reader, byte level)
    {
        byte version = reader.ReadByte();
        if (version != Format) throw reader.Malformed($"format {version} is not known to this version");
        byte claimed = reader.ReadByte();
        if (claimed != level) throw reader.Malformed($"a node of level {claimed} at level {level}");
        int count = reader.ReadCount(SnapshotLimits.NodeBytesMax, 2);
        return count > 0 ? count : throw reader.Malformed("a node without items");
    }

    public static ReadOnlySpan<byte> ReadName(scoped ref WireReader reader, ReadOnlySpan<byte> previous)
    {
        ReadOnlySpan<byte> name = reader.ReadBytes(Limits.NameBytesMax);
        if (name.SequenceCompareTo(previous) <= 0) throw reader.Malformed("names are not ascending");
        return name;
    }

    public static void ReadEnd(ref WireReader reader)
    {
        if (reader.ReadByte() != EndMark) throw reader.Malformed("the end mark is missing");
        reader.ExpectEnd();
    }
}
