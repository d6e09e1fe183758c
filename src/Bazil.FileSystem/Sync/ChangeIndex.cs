using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>Finds what has changed in a volume without a look at what has not.</summary>
internal static class ChangeIndex
{
    /// <summary>The nodes whose stamps exceed a knowledge, in the order of their ids, so that parents mostly come first.</summary>
    public static SortedSet<NodeId> NodesBeyond(VolumeTables tables, Knowledge known)
    {
        var nodes = new SortedSet<NodeId>();
        ReadOnlySpan<byte> prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Change).Bytes;
        Span<byte> end = stackalloc byte[MetadataKey.MaxSize];
        ReadOnlySpan<byte> to = MetadataKey.PrefixEnd(prefix, end);
        byte[] key = new byte[MetadataKey.MaxSize], from = prefix.ToArray();
        while (FindReplica(tables, from, to, prefix.Length) is { } replica)
        {
            ulong first = known[replica] + 1;
            from = tables.Key(key, Table.Change).Add(replica).Add(first).Bytes.ToArray();
            byte[] last = tables.Key(key, Table.Change).Add(replica).Add(ulong.MaxValue).Bytes.ToArray();
            using IMetadataCursor cursor = tables.Reader.Scan(from, last);
            while (cursor.MoveNext()) nodes.Add(NodeId.Read(cursor.Key[(prefix.Length + ReplicaId.Size + sizeof(ulong))..]));
            from = last;
        }

        return nodes;
    }

    private static ReplicaId? FindReplica(VolumeTables tables, byte[] from, ReadOnlySpan<byte> to, int prefixLength)
    {
        using IMetadataCursor cursor = tables.Reader.Scan(from, to);
        return cursor.MoveNext() ? ReplicaId.Read(cursor.Key.Slice(prefixLength, ReplicaId.Size)) : null;
    }
}
