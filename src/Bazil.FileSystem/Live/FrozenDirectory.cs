using Bazil.Core;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Live;

/// <summary>
/// A directory as the newest snapshot has it. The row is <c>format (1) = 1 | generation | directory manifest | oldest key epoch</c>.
/// </summary>
/// <param name="Manifest">It, with all below it.</param>
/// <param name="OldestKeyEpoch">The smallest number of a sharing-key epoch under which something below it is sealed.</param>
internal sealed record FrozenDirectory(DirectoryManifest Manifest, uint OldestKeyEpoch)
{
    private const byte Format = 1;

    public byte[] Encode(WireWriter writer, ulong generation)
    {
        writer.Clear();
        writer.WriteByte(Format);
        writer.WriteVariable(generation);
        SnapshotEntryCodec.WriteDirectory(writer, Manifest);
        writer.WriteVariable(OldestKeyEpoch);
        return writer.ToArray();
    }

    /// <summary>The row, or null when it is of another generation.</summary>
    public static FrozenDirectory? Decode(ReadOnlySpan<byte> row, ulong generation)
    {
        var reader = new WireReader(row, "frozen directory");
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        if (reader.ReadVariable() != generation) return null;
        DirectoryManifest manifest = SnapshotEntryCodec.ReadDirectory(ref reader);
        ulong epoch = reader.ReadVariable();
        reader.ExpectEnd();
        return epoch <= uint.MaxValue ? new FrozenDirectory(manifest, (uint)epoch) : throw reader.Malformed($"key epoch {epoch} is beyond 32 bits");
    }
}
