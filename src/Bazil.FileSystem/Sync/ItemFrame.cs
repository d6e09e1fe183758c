using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The frames after the header: batches of whole nodes, and the end.
/// <code>
/// items: 1 | count | for each: reference of the serving side's row (knowledge, mostly empty) | node, replicated part
/// end:   2 | number of items in all (8)
/// list:  3 | snapshots of a member (<see cref="MemberSnapshots"/>), an item for who asked for it
/// </code>
/// An answer without its end was cut off.
/// </summary>
internal static class ItemFrame
{
    private const byte KindItems = 1;
    private const byte KindEnd = 2;
    private const byte KindList = 3;
    private const int ItemsMax = 65536;

    public static byte[] EncodeEnd(ulong count)
    {
        var writer = new WireWriter();
        writer.WriteByte(KindEnd);
        writer.WriteUInt64(count);
        return writer.ToArray();
    }

    public static byte[] EncodeList(MemberSnapshots list) => [KindList, .. list.Encoded];

    /// <summary>Decodes a frame of an answer with lists; null and the count for the end.</summary>
    /// <exception cref="WireFormatException">Malformed.</exception>
    public static MemberSnapshots? DecodeList(ReadOnlySpan<byte> bytes, out ulong endCount)
    {
        endCount = 0;
        var reader = new WireReader(bytes, "frame with snapshots of a member");
        byte kind = reader.ReadByte();
        if (kind == KindList) return MemberSnapshots.Parse(reader.Rest);
        if (kind != KindEnd) throw reader.Malformed($"unknown kind {kind}");
        endCount = reader.ReadUInt64();
        reader.ExpectEnd();
        return null;
    }

    /// <summary>Encodes nodes that were collected with <see cref="WriteItem"/>.</summary>
    public static byte[] EncodeItems(WireWriter items, int count)
    {
        var writer = new WireWriter();
        writer.WriteByte(KindItems);
        writer.WriteVariable((ulong)count);
        writer.WriteFixed(items.Span);
        return writer.ToArray();
    }

    public static void WriteItem(WireWriter items, NodeRecord node)
    {
        KnowledgeCodec.Write(items, node.Reference);
        NodeCodec.WriteReplicated(items, node);
    }

    /// <summary>Decodes a frame; null and the count for the end. The nodes have no inode.</summary>
    /// <exception cref="WireFormatException">Malformed.</exception>
    public static List<NodeRecord>? Decode(ReadOnlySpan<byte> bytes, out ulong endCount)
    {
        var reader = new WireReader(bytes, "frame of a pull");
        endCount = 0;
        byte kind = reader.ReadByte();
        if (kind == KindEnd)
        {
            endCount = reader.ReadUInt64();
            reader.ExpectEnd();
            return null;
        }

        if (kind != KindItems) throw reader.Malformed($"unknown kind {kind}");
        int count = reader.ReadCount(ItemsMax, NodeId.Size);
        var nodes = new List<NodeRecord>(count);
        for (int index = 0; index < count; index++)
        {
            Knowledge reference = KnowledgeCodec.Read(ref reader);
            NodeRecord node = NodeCodec.ReadReplicated(ref reader, static _ => default);
            node.Reference = reference;
            CheckShowable(ref reader, node);
            nodes.Add(node);
        }

        reader.ExpectEnd();
        return nodes;
    }

    /// <summary>What no mount could show or remove is made by no honest replica.</summary>
    private static void CheckShowable(ref WireReader reader, NodeRecord node)
    {
        foreach (Link link in node.Links)
        {
            if (link.Last.Value.Name.IsReserved) throw reader.Malformed($"node {node.Id} is called {link.Last.Value.Name}");
            foreach (FacetPair<Place> pair in link.Places.Pairs)
            {
                if (pair.Value.Name.IsReserved) throw reader.Malformed($"node {node.Id} is called {pair.Value.Name}");
            }
        }

        foreach (FacetPair<AttributeValue> pair in node.Attributes.Pairs)
        {
            if (!IsAccessList(pair.Value, AccessList.AccessName) || !IsAccessList(pair.Value, AccessList.DefaultName)) throw reader.Malformed($"node {node.Id} has a damaged access list");
        }
    }

    private static bool IsAccessList(AttributeValue value, ReadOnlySpan<byte> name) =>
        value.Extended.Count == 0 || value.Extended.Find(name) is not { } bytes || AccessList.TryParse(bytes, out _);
}
