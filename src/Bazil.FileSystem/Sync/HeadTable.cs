using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>The rows of signed heads: replica → the head at the tick that our knowledge holds of it.</summary>
internal static class HeadTable
{
    public static Head? Read(VolumeTables tables, ReplicaId replica)
    {
        byte[]? row = tables.Reader.Get(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(replica).Bytes);
        if (row is null) return null;
        var reader = new WireReader(row, "head");
        Head head = Head.Read(ref reader);
        reader.ExpectEnd();
        return head;
    }

    public static void Put(MetadataBatch batch, VolumeTables tables, Head head)
    {
        var writer = new WireWriter();
        head.Write(writer);
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Head).Add(head.Replica).Bytes, writer.Span);
    }
}
