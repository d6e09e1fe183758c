using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// The rows of what each member knew when a pull that involved it was last completed (<see cref="Table.MemberKnowledge"/>), and of what it
/// vouched for then (<see cref="Table.MemberVouch"/>).
/// </summary>
internal static class MemberTable
{
    public static List<KeyValuePair<PeerId, Knowledge>> ReadAll(VolumeTables tables, Table table = Table.MemberKnowledge)
    {
        var members = new List<KeyValuePair<PeerId, Knowledge>>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], table).Bytes);
        while (cursor.MoveNext()) members.Add(KeyValuePair.Create(new PeerId(cursor.Key[^PeerId.Size..]), tables.Knowledges.Decode(cursor.Value)));
        return members;
    }

    public static Knowledge Read(VolumeTables tables, Table table, PeerId member) =>
        tables.Reader.Get(tables.Key(stackalloc byte[MetadataKey.MaxSize], table).Add(member).Bytes) is { } row ? tables.Knowledges.Decode(row) : Knowledge.Empty;

    public static void Put(MetadataBatch batch, VolumeTables tables, PeerId member, Knowledge knowledge, Table table = Table.MemberKnowledge) =>
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], table).Add(member).Bytes, tables.Knowledges.Encode(knowledge));
}
