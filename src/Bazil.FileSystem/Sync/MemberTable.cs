using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>The rows of what each member knew when a pull that involved it was last completed.</summary>
internal static class MemberTable
{
    public static List<KeyValuePair<PeerId, Knowledge>> ReadAll(VolumeTables tables)
    {
        var members = new List<KeyValuePair<PeerId, Knowledge>>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberKnowledge).Bytes);
        while (cursor.MoveNext()) members.Add(KeyValuePair.Create(new PeerId(cursor.Key[^PeerId.Size..]), KnowledgeCodec.Decode(cursor.Value)));
        return members;
    }

    public static void Put(MetadataBatch batch, VolumeTables tables, PeerId member, Knowledge knowledge) =>
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberKnowledge).Add(member).Bytes, KnowledgeCodec.Encode(knowledge));
}
