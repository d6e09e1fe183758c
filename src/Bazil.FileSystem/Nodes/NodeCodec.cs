using Bazil.Core;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// The canonical form of a node. The replicated part is what travels and what the running hash of a replica covers:
/// <code>
/// node id (24) | kind (1) | stamp | content | attributes | links | members | ended
///   | epochs and releases, in the epochs node alone
/// facet: count, then version (24) and value of each pair in the order of versions
/// link:  id (24) | facet of places | last version (24) | last place | gone (24)
/// place: parent node id (24) | name
/// epoch: generation | fingerprint (16); release: peer (32) | fingerprint (16)
/// </code>
/// A row is format (1) | replicated part | reference id (4) | local part. Numbers are variable-length unless sized here.
/// </summary>
internal static class NodeCodec
{
    private const byte RowFormat = 3;

    /// <summary>Without held deletions.</summary>
    private const byte SecondRowFormat = 2;

    /// <summary>Without the allocated bytes.</summary>
    private const byte FirstRowFormat = 1;
    private const string Format = "node";

    public static void WriteReplicated(WireWriter writer, NodeRecord node)
    {
        writer.WriteNodeId(node.Id);
        writer.WriteByte((byte)node.Kind);
        KnowledgeCodec.Write(writer, node.Stamp);
        WriteFacet(writer, node.Content, ValueCodec.WriteContent);
        WriteFacet(writer, node.Attributes, ValueCodec.WriteAttributes);
        writer.WriteVariable((ulong)node.Links.Count);
        foreach (Link link in node.Links)
        {
            writer.WriteVersion(link.Id);
            WriteFacet(writer, link.Places, ValueCodec.WritePlace);
            writer.WriteVersion(link.Last.Version);
            ValueCodec.WritePlace(writer, link.Last.Value);
            writer.WriteVersion(link.Gone);
        }

        WriteFacet(writer, node.Members, static (w, peer) => w.WriteFixed(peer.Span));
        WriteFacet(writer, node.Ended, static (w, replica) => w.WriteReplicaId(replica));
        if (node.Kind != NodeKind.KeyEpochs) return;
        WriteFacet(writer, node.Epochs, ValueCodec.WriteEpoch);
        WriteFacet(writer, node.Releases, ValueCodec.WriteRelease);
    }

    /// <summary>Reads the replicated part.</summary>
    /// <param name="inodeOf">Gives the local inode of the node.</param>
    /// <exception cref="WireFormatException">Not canonical, or an invariant of nodes does not hold.</exception>
    public static NodeRecord ReadReplicated(ref WireReader reader, Func<NodeId, InodeId> inodeOf)
    {
        NodeId id = reader.ReadNodeId();
        var kind = (NodeKind)reader.ReadByte();
        if (!Enum.IsDefined(kind)) throw reader.Malformed($"unknown kind {(byte)kind} of node {id}");
        var node = new NodeRecord(id, kind, inodeOf(id))
        {
            Stamp = KnowledgeCodec.Read(ref reader),
            Content = ReadFacet(ref reader, ValueCodec.ReadContent),
            Attributes = ReadFacet(ref reader, ValueCodec.ReadAttributes),
            Links = ReadLinks(ref reader),
            Members = ReadFacet(ref reader, static (ref WireReader r) => r.ReadPeerId()),
            Ended = ReadFacet(ref reader, static (ref WireReader r) => r.ReadReplicaId()),
        };
        if (kind == NodeKind.KeyEpochs)
        {
            node.Epochs = ReadFacet(ref reader, ValueCodec.ReadEpoch);
            node.Releases = ReadFacet(ref reader, ValueCodec.ReadRelease);
        }

        Validate(ref reader, node);
        return node;
    }

    public static byte[] EncodeRow(WireWriter writer, NodeRecord node, uint referenceId)
    {
        writer.Clear();
        writer.WriteByte(RowFormat);
        WriteReplicated(writer, node);
        writer.WriteUInt32(referenceId);
        ValueCodec.WriteTime(writer, node.AccessTime);
        ValueCodec.WriteTime(writer, node.ChangeTime);
        ValueCodec.WriteTime(writer, node.DirectoryTime);
        writer.WriteVariable(node.Entries);
        writer.WriteVariable(node.Subdirectories);
        writer.WriteVersion(node.Choice);
        writer.WriteByte(node.AllocatedBytes is null ? (byte)0 : (byte)1);
        if (node.AllocatedBytes is { } allocated) writer.WriteVariable(allocated);
        writer.WriteByte(node.Held is null ? (byte)0 : (byte)1);
        node.Held?.Write(writer);
        return writer.ToArray();
    }

    public static NodeRecord DecodeRow(InodeId inode, ReadOnlySpan<byte> row, Func<uint, Knowledge> referenceOf)
    {
        var reader = new WireReader(row, $"row of inode {inode}");
        byte format = reader.ReadByte();
        if (format is not (RowFormat or SecondRowFormat or FirstRowFormat)) throw reader.Malformed($"format {format} is not known to this version");
        NodeRecord node = ReadReplicated(ref reader, _ => inode);
        node.Reference = referenceOf(reader.ReadUInt32());
        node.AccessTime = ValueCodec.ReadTime(ref reader);
        node.ChangeTime = ValueCodec.ReadTime(ref reader);
        node.DirectoryTime = ValueCodec.ReadTime(ref reader);
        node.Entries = checked((uint)reader.ReadVariable());
        node.Subdirectories = checked((uint)reader.ReadVariable());
        node.Choice = reader.ReadVersion();
        if (format != FirstRowFormat && reader.ReadByte() != 0) node.AllocatedBytes = reader.ReadVariable();
        if (format == RowFormat && reader.ReadByte() != 0) node.Held = HeldDeletion.Read(ref reader);
        reader.ExpectEnd();
        return node;
    }

    private delegate T ReadValue<T>(ref WireReader reader);

    private static void WriteFacet<T>(WireWriter writer, Facet<T> facet, Action<WireWriter, T> write)
        where T : IEquatable<T>
    {
        writer.WriteVariable((ulong)facet.Pairs.Length);
        foreach (FacetPair<T> pair in facet.Pairs)
        {
            writer.WriteVersion(pair.Version);
            write(writer, pair.Value);
        }
    }

    private static Facet<T> ReadFacet<T>(ref WireReader reader, ReadValue<T> read)
        where T : IEquatable<T>
    {
        int count = reader.ReadCount(Limits.FacetPairsMax, Version.Size);
        if (count == 0) return Facet<T>.Empty;
        var pairs = new FacetPair<T>[count];
        for (int index = 0; index < count; index++)
        {
            Version version = reader.ReadVersion();
            if (version.IsNone || (index > 0 && version <= pairs[index - 1].Version)) throw reader.Malformed("versions are out of order");
            pairs[index] = new FacetPair<T>(version, read(ref reader));
        }

        return Facet<T>.Of(pairs);
    }

    private static Link[] ReadLinks(ref WireReader reader)
    {
        int count = reader.ReadCount(Limits.LinksMax * 2, Version.Size);
        var links = new Link[count];
        for (int index = 0; index < count; index++)
        {
            Version id = reader.ReadVersion();
            if (id.IsNone || (index > 0 && id <= links[index - 1].Id)) throw reader.Malformed("links are out of order");
            Facet<Place> places = ReadFacet(ref reader, ValueCodec.ReadPlace);
            var last = new FacetPair<Place>(reader.ReadVersion(), ValueCodec.ReadPlace(ref reader));
            links[index] = new Link(id, places, last, reader.ReadVersion());
        }

        return links;
    }

    private static void Validate(ref WireReader reader, NodeRecord node)
    {
        bool isMembers = node.Kind == NodeKind.Members;
        if (isMembers != (node.Id == NodeId.Members)) throw reader.Malformed($"node {node.Id} is not the members node");
        if (node.Kind == NodeKind.KeyEpochs != (node.Id == NodeId.KeyEpochs)) throw reader.Malformed($"node {node.Id} is not the epochs node");
        if (node.IsVolumeWide && !(node.Content.IsEmpty && node.Attributes.IsEmpty && node.Links.Count == 0)) throw reader.Malformed($"node {node.Id} is no file");
        if (node.Id == NodeId.Root && (!node.IsDirectory || node.Links.Count > 0)) throw reader.Malformed("the root is a directory without links");
        if (!isMembers && !(node.Members.IsEmpty && node.Ended.IsEmpty)) throw reader.Malformed($"node {node.Id} has members");
        if (node.IsDirectory && (node.Links.Count > 1 || !node.Content.IsEmpty)) throw reader.Malformed($"directory {node.Id} has two links or content");
        if (node.Id.Creation.Tick == 0 && node.Id != NodeId.Root && !node.IsVolumeWide) throw reader.Malformed($"node {node.Id} is reserved");
        foreach (Link link in node.Links)
        {
            if (link.Last.Version.IsNone) throw reader.Malformed($"a link of node {node.Id} has no place");
        }
    }
}
