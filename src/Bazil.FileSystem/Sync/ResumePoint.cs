using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// How far interrupted pulls from a member have come. Answers are in the order of node ids, so all nodes up to one are here as they were there when
/// that member knew what is noted; what is left are the nodes after it, and those that have changed there since.
/// <code>
/// knowledge | node id (24)
/// </code>
/// </summary>
/// <param name="Known">What the serving side knew when the first of these pulls began.</param>
/// <param name="Last">The last node that was merged.</param>
internal sealed record ResumePoint(Knowledge Known, NodeId Last)
{
    private static ReadOnlySpan<byte> Prefix => "resume "u8;

    public void Write(WireWriter writer)
    {
        KnowledgeCodec.Write(writer, Known);
        writer.WriteNodeId(Last);
    }

    public static ResumePoint Read(ref WireReader reader) => new(KnowledgeCodec.Read(ref reader), reader.ReadNodeId());

    /// <summary>The name of the row in which it stands.</summary>
    public static byte[] RowName(PeerId peer) => [.. Prefix, .. peer.Span];

    /// <summary>Forgets the points of all peers: from each of them everything is asked for anew.</summary>
    public static void DeleteAll(MetadataBatch batch, VolumeTables tables)
    {
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(Prefix).Bytes);
        while (cursor.MoveNext()) batch.Delete(cursor.Key);
    }

    /// <summary>Takes out of the nodes that changed beyond what the puller knows those that it has got already.</summary>
    /// <param name="changed">Shrinks.</param>
    /// <param name="changedSince">The nodes that changed beyond <see cref="Known"/>.</param>
    public void TakeFrom(SortedSet<NodeId> changed, SortedSet<NodeId> changedSince) => changed.RemoveWhere(node => node.CompareTo(Last) <= 0 && !changedSince.Contains(node));
}
