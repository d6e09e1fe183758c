using Bazil.Core;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Live;

/// <summary>
/// A directory as the newest snapshot has it. The row is <c>format (1) = 1 | generation | directory manifest | oldest key epoch</c>, and of one that has changed in
/// some names since <c>format (1) = 2 | … | key of the snapshot (32)</c>.
/// </summary>
/// <param name="Manifest">It, with all below it.</param>
/// <param name="OldestKeyEpoch">The smallest number of a sharing-key epoch under which something below it is sealed.</param>
internal sealed record FrozenDirectory(DirectoryManifest Manifest, uint OldestKeyEpoch)
{
    private const byte Format = 1;
    private const byte ChangedFormat = 2;

    /// <summary>Of a directory that has changed: the snapshot that it is part of. While that is not the newest any more, the row does not count.</summary>
    public SnapshotKey ChangedSince { get; init; }

    /// <summary>It is no longer as it was, in the names that have rows.</summary>
    public bool HasChanged => !ChangedSince.IsNone;

    /// <summary>
    /// Names that may change before it is listed whole: a changed name costs a row now and one node of the directory later, a listing one row for each name.
    /// </summary>
    public int ChangedNamesMax => (int)Math.Min(Manifest.Entries / SnapshotLimits.NamesForEachChange, SnapshotLimits.ChangedNamesMax);

    public byte[] Encode(WireWriter writer, ulong generation)
    {
        writer.Clear();
        writer.WriteByte(HasChanged ? ChangedFormat : Format);
        writer.WriteVariable(generation);
        SnapshotEntryCodec.WriteDirectory(writer, Manifest);
        writer.WriteVariable(OldestKeyEpoch);
        if (HasChanged) writer.WriteFixed(ChangedSince.Value.Span);
        return writer.ToArray();
    }

    /// <summary>The row, or null when it is of another generation.</summary>
    public static FrozenDirectory? Decode(ReadOnlySpan<byte> row, ulong generation)
    {
        var reader = new WireReader(row, "frozen directory");
        byte format = reader.ReadByte();
        if (format is not (Format or ChangedFormat)) throw reader.Malformed($"format {format} is not known to this version");
        if (reader.ReadVariable() != generation) return null;
        DirectoryManifest manifest = SnapshotEntryCodec.ReadDirectory(ref reader);
        ulong epoch = reader.ReadVariable();
        SnapshotKey since = format == ChangedFormat ? new SnapshotKey(reader.ReadChunkKey()) : default;
        reader.ExpectEnd();
        if (epoch > uint.MaxValue) throw reader.Malformed($"key epoch {epoch} is beyond 32 bits");
        return new FrozenDirectory(manifest, (uint)epoch) { ChangedSince = since };
    }
}
