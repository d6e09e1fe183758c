using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The rows of signed heads. <c>replica</c>: the head at the tick that our knowledge holds of it. <c>replica ‖ tick</c>:
/// a head that only references of interrupted pulls name; it goes when our knowledge has caught up.
/// </summary>
internal static class HeadTable
{
    private const int ReferencedKeyBytes = ReplicaId.Size + sizeof(ulong);

    public static Head? Read(VolumeTables tables, ReplicaId replica)
    {
        byte[]? row = tables.Reader.Get(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(replica).Bytes);
        if (row is null) return null;
        var reader = new WireReader(row, "head");
        Head head = Head.Read(ref reader);
        reader.ExpectEnd();
        return head;
    }

    /// <summary>Heads beyond our knowledge, on which references rest.</summary>
    public static List<Head> ReadReferenced(VolumeTables tables)
    {
        var heads = new List<Head>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            if (cursor.Key.Length != prefix.Length + ReferencedKeyBytes) continue;
            var reader = new WireReader(cursor.Value, "head");
            heads.Add(Head.Read(ref reader));
        }

        return heads;
    }

    public static void PutReferenced(MetadataBatch batch, VolumeTables tables, Head head)
    {
        var writer = new WireWriter();
        head.Write(writer);
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(head.Replica).Add(head.Tick).Bytes, writer.Span);
    }

    public static void DeleteReferenced(MetadataBatch batch, VolumeTables tables, Head head) =>
        batch.Delete(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(head.Replica).Add(head.Tick).Bytes);

    public static void Put(MetadataBatch batch, VolumeTables tables, Head head)
    {
        var writer = new WireWriter();
        head.Write(writer);
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(head.Replica).Bytes, writer.Span);
    }
}
