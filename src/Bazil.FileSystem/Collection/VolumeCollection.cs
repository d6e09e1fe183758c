using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// The part of one volume in the collection of garbage: the stamp of what was known at the last one, and whether the members have come
/// to agree since. The rule and why it is safe: <c>docs/gc.md</c>, "Members".
/// </summary>
public static class VolumeCollection
{
    private static ReadOnlySpan<byte> StampName => "gcstamp"u8;
    private static ReadOnlySpan<byte> AgreedName => "gcagreed"u8;
    private static ReadOnlySpan<byte> RebuiltName => "gcrebuilt"u8;
    private static ReadOnlySpan<byte> DeniedName => "gcdenied"u8;

    /// <summary>How far the members agree, as the rows of a view have it.</summary>
    public static MemberAgreement ReadAgreement(IMetadataReader view, uint localNumber, PeerId self)
    {
        var tables = new VolumeTables(view, localNumber);
        CollectionStamp stamp = ReadStamp(tables);
        Knowledge required = Required(
            VolumeState.ReadKnowledge(tables), VolumeState.ReadReferences(tables).Values, VolumeState.ReadHead(tables), stamp.Knowledge.Join(ReadDenied(tables)));
        Dictionary<PeerId, Knowledge> vouched = MemberTable.ReadAll(tables, Table.MemberVouch).ToDictionary();
        NodeRecord? members = tables.ReadRecord(Transaction.MembersInode, static _ => Knowledge.Empty);
        if (members is null && ReadRebuilt(tables) is { Count: > 0 } former) return new MemberAgreement(0, former, stamp.Since);
        List<PeerId> behind =
        [
            .. (members?.Members.DistinctValues() ?? [])
                .Where(member => member != self && !required.IsCoveredBy(vouched.GetValueOrDefault(member, Knowledge.Empty))),
        ];
        return behind.Count == 0 ? new MemberAgreement(MemberAgreement.All, [], default) : new MemberAgreement(ReadAgreed(tables), behind, stamp.Since);
    }

    /// <summary>The same by what was heard since the volume was opened: with it goes what lies in stores that others use, too.</summary>
    public static MemberAgreement ReadFreshAgreement(IMetadataReader view, uint localNumber, PeerId self, MemberWords words)
    {
        MemberAgreement agreement = ReadAgreement(view, localNumber, self);
        NodeRecord? members = new VolumeTables(view, localNumber).ReadRecord(Transaction.MembersInode, static _ => Knowledge.Empty);
        List<PeerId> unheard = [.. (members?.Members.DistinctValues() ?? []).Where(member => member != self && !words.Heard.Contains(member))];
        return unheard.Count == 0 && agreement.Generation == MemberAgreement.All ? agreement : new MemberAgreement(words.Agreed, unheard, agreement.Since);
    }

    /// <summary>Adds to the batch that completes a collection: what this replica knew when it began, as the rows of its view have it.</summary>
    public static void Complete(MetadataBatch batch, IMetadataReader view, uint localNumber, PeerId self, ulong generation, UnixTime now)
    {
        var tables = new VolumeTables(view, localNumber);
        CollectionStamp last = ReadStamp(tables);
        bool isSettled = last.Generation == 0 || ReadAgreement(view, localNumber, self).Generation >= last.Generation;
        Knowledge known = VolumeState.ReadReferences(tables).Values.Aggregate(VolumeState.ReadKnowledge(tables), static (all, reference) => all.Join(reference));
        batch.Put(StateKey(tables, StampName), new CollectionStamp(generation, isSettled ? now : last.Since, known).Encode());

        // What pulls brought before this collection began was marked by it.
        byte[] from = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Bytes.ToArray();
        batch.DeleteRange(from, tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Add(generation).Bytes);
    }

    /// <summary>
    /// Notes that the rows were written anew after damage: until the first pull nobody knows what else of the local store members refer to, and
    /// nothing may go.
    /// </summary>
    internal static void NoteRebuilt(MetadataBatch batch, VolumeTables tables, IEnumerable<PeerId> formerMembers)
    {
        var writer = new WireWriter();
        foreach (PeerId member in formerMembers) writer.WriteFixed(member.Span);
        batch.Put(StateKey(tables, RebuiltName), writer.Span);
    }

    /// <summary>
    /// Notes, in the change that removes a member, when that was: what the others vouched for before they had heard of it says nothing about what they may still have got from that
    /// member. Under the volume's gate.
    /// </summary>
    internal static void NoteDenied(Transaction transaction)
    {
        var writer = new WireWriter();
        KnowledgeCodec.Write(writer, Knowledge.Empty.With(transaction.Version));
        transaction.Batch.Put(StateKey(transaction.Store.Tables, DeniedName), writer.Span);
    }

    /// <summary>Called when a pull is completed: notes in its batch that all members agree at this moment. Under the volume's gate.</summary>
    internal static void NoteAgreement(Transaction transaction)
    {
        VolumeTables tables = transaction.Store.Tables;
        if (ReadAgreed(tables) >= ReadStamp(tables).Generation || FindAgreed(transaction) is not { } generation) return;
        var writer = new WireWriter();
        writer.WriteUInt64(generation);
        transaction.Batch.Put(StateKey(tables, AgreedName), writer.Span);
    }

    /// <summary>The collection whose fossils all members agree with at this moment; null when they do not. Under the volume's gate.</summary>
    internal static ulong? FindAgreed(Transaction transaction)
    {
        VolumeTables tables = transaction.Store.Tables;
        CollectionStamp stamp = ReadStamp(tables);
        Knowledge required = Required(transaction.State.Knowledge, transaction.State.OpenReferences(), transaction.State.Head, stamp.Knowledge.Join(ReadDenied(tables)));
        return transaction.IsVouchedByAll(required) ? stamp.Generation : null;
    }

    /// <summary>
    /// What a member must vouch for: all that is known here, but for what was changed here since the stamp and since the last removal of a member. Changes under a replica id of
    /// ours that are not in our own log (it was rolled back) count as those of others.
    /// </summary>
    private static Knowledge Required(Knowledge known, IEnumerable<Knowledge> references, OwnHead head, Knowledge asked)
    {
        Knowledge all = references.Aggregate(known, static (joined, reference) => joined.Join(reference));
        if (head.IsNone || all[head.Replica] != head.Tick) return all;
        return Knowledge.Of(all.Select(entry => entry.Key == head.Replica ? KeyValuePair.Create(entry.Key, asked[entry.Key]) : entry));
    }

    private static CollectionStamp ReadStamp(VolumeTables tables) =>
        tables.ReadState(StampName) is { } row ? CollectionStamp.Decode(row) : CollectionStamp.None;

    /// <summary>The change that removed a member last, if this replica did.</summary>
    private static Knowledge ReadDenied(VolumeTables tables)
    {
        if (tables.ReadState(DeniedName) is not { } row) return Knowledge.Empty;
        var reader = new WireReader(row, "removal of a member");
        Knowledge denied = KnowledgeCodec.Read(ref reader);
        reader.ExpectEnd();
        return denied;
    }

    private static List<PeerId> ReadRebuilt(VolumeTables tables)
    {
        var members = new List<PeerId>();
        if (tables.ReadState(RebuiltName) is not { } row) return members;
        var reader = new WireReader(row, "members of a rebuilt volume");
        while (!reader.IsAtEnd) members.Add(reader.ReadPeerId());
        return members;
    }

    private static ulong ReadAgreed(VolumeTables tables)
    {
        if (tables.ReadState(AgreedName) is not { } row) return 0;
        var reader = new WireReader(row, "generation that the members agree with");
        ulong generation = reader.ReadUInt64();
        reader.ExpectEnd();
        return generation;
    }

    private static byte[] StateKey(VolumeTables tables, ReadOnlySpan<byte> name) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(name).Bytes.ToArray();
}
