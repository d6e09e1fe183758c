using System.Collections.Immutable;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// Up to where somebody has seen to the published content of a volume: the changes that were known, and the snapshots that there were. What a later view holds beyond it is
/// found by the index of changes, without a look at the rest. Written as <c>format (1) = 1 | knowledge | count | snapshot keys (32 each)</c>.
/// </summary>
public sealed record ContentMark(Knowledge Knowledge, ImmutableSortedSet<SnapshotKey> Snapshots)
{
    private const byte Format = 1;

    /// <summary>Nothing was seen yet.</summary>
    public static ContentMark None { get; } = new(Knowledge.Empty, []);

    /// <summary>The mark of whoever has seen to all that a view holds.</summary>
    public static ContentMark Of(IMetadataReader view, uint localNumber)
    {
        var tables = new VolumeTables(view, localNumber);
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Bytes.ToArray();
        var snapshots = ImmutableSortedSet.CreateBuilder<SnapshotKey>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) snapshots.Add(SnapshotReference.Decode(Nodes.FileName.Parse(cursor.Key[prefix.Length..]), cursor.Value).Key);
        return new ContentMark(VolumeState.ReadKnowledge(tables), snapshots.ToImmutable());
    }

    public void Write(WireWriter writer)
    {
        writer.WriteByte(Format);
        KnowledgeCodec.Write(writer, Knowledge);
        writer.WriteVariable((ulong)Snapshots.Count);
        foreach (SnapshotKey snapshot in Snapshots) writer.WriteFixed(snapshot.Value.Span);
    }

    /// <exception cref="WireFormatException">It is damaged, or of a newer version.</exception>
    public static ContentMark Read(ref WireReader reader)
    {
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        Knowledge knowledge = KnowledgeCodec.Read(ref reader);
        int count = reader.ReadCount(int.MaxValue, ChunkKey.Size);
        var snapshots = ImmutableSortedSet.CreateBuilder<SnapshotKey>();
        for (int index = 0; index < count; index++) snapshots.Add(new SnapshotKey(reader.ReadChunkKey()));
        return new ContentMark(knowledge, snapshots.ToImmutable());
    }

    public bool Equals(ContentMark? other) => other is not null && Knowledge.Equals(other.Knowledge) && Snapshots.SequenceEqual(other.Snapshots);

    public override int GetHashCode() => HashCode.Combine(Knowledge, Snapshots.Count);
}
