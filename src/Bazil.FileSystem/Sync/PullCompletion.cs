using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What follows the completion of a pull: nodes that came from a history nobody can complete any more become ours, living nodes
/// that others may lack, or have at another place, are written anew, tombstones that everyone knows go.
/// </summary>
internal sealed class PullCompletion(VolumeStore store, UnixTime now, Action<string> log)
{
    /// <param name="transaction">The transaction that completes the pull: all of it is one step.</param>
    /// <param name="isBeingWritten">Files that a program has open for writing: their records stay, for what is written will bring them back.</param>
    public void Apply(Transaction transaction, Func<InodeId, bool> isBeingWritten)
    {
        AdoptLost(transaction);
        IReadOnlySet<InodeId> revived = transaction.TakeRevived();
        foreach (InodeId inode in revived.Union(store.Tables.ReadInodes(Table.Tombstone)).Order()) WriteAnew(transaction, inode, revived.Contains(inode));
        transaction.Purge(store.Tables.ReadInodes(Table.Tombstone).Where(inode => !isBeingWritten(inode)), transaction.KnownToAll());
    }

    /// <summary>
    /// The last place of a living node must be known to all replicas, also to those that saw it removed: one whose removal is known
    /// only by absence is written as a new change. So is one that a replica may have purged, with what was newer there: what is absent
    /// now would else be judged differently by those who have purged it and those who have not.
    /// </summary>
    private void WriteAnew(Transaction transaction, InodeId inode, bool isRevived)
    {
        if (transaction.Read(inode) is not { } record || record.IsVolumeWide || !transaction.IsLiving(record)) return;
        Link? last = record.HasLiveLink ? null : record.LastLink;
        bool isPlaced = last is not null && (isRevived || last.Gone.IsNone);
        if (!isPlaced && !isRevived) return;
        NodeRecord changed = transaction.Change(inode);
        if (isPlaced) changed.SetLink(last!.MoveTo(transaction.Version, last.Last.Value));
        changed.ChangeTime = now;
        transaction.Stamp(changed);
    }

    /// <summary>
    /// Makes ours what nobody will ever complete. The references that tell of it stay until every member has merged the nodes under
    /// them: what was replaced of that history would else come back from who still has it.
    /// </summary>
    private void AdoptLost(Transaction transaction)
    {
        HashSet<ReplicaId> lost = [.. store.State.OpenReferences().SelectMany(reference => reference).Where(IsLost).Select(entry => entry.Key)];
        if (lost.Count == 0) return;
        Knowledge knownToAll = transaction.KnownToAll();
        List<NodeRecord> records = OverReferenced(lost);
        if (records.TrueForAll(record => record.Stamp.IsCoveredBy(knownToAll) && !Names(record, lost)))
        {
            store.State.DropFromReferences(lost);
            store.Cache.Clear();
            foreach (Head head in HeadTable.ReadReferenced(store.Tables).Where(head => lost.Contains(head.Replica))) HeadTable.DeleteReferenced(transaction.Batch, store.Tables, head);
            return;
        }

        foreach (NodeRecord record in records) Adopt(transaction, record);
    }

    /// <summary>Whether a node has, or is stamped with, what is beyond knowledge of these replica ids.</summary>
    private bool Names(NodeRecord record, HashSet<ReplicaId> lost) =>
        record.Stamp.Select(static entry => new Version(entry.Value, entry.Key)).Concat(NodeMerge.Versions(record))
            .Any(version => lost.Contains(version.Replica) && !store.State.Knowledge.Covers(version));

    /// <summary>Nodes whose reference names more of an ended replica id than anyone will ever serve.</summary>
    private List<NodeRecord> OverReferenced(HashSet<ReplicaId> lost)
    {
        var records = new List<NodeRecord>();
        byte[] prefix = store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        using IMetadataCursor cursor = store.Tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            var inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
            NodeRecord record = NodeCodec.DecodeRow(inode, cursor.Value, store.State.Reference);
            if (record.Reference.Any(entry => lost.Contains(entry.Key) && entry.Value > store.State.Knowledge[entry.Key])) records.Add(record);
        }

        return records;
    }

    private bool IsLost(KeyValuePair<ReplicaId, ulong> entry)
    {
        if (entry.Value <= store.State.Knowledge[entry.Key]) return false;
        return IsEnded(entry.Key) || IsOwn(entry.Key);
    }

    private bool IsOwn(ReplicaId replica) => HeadTable.Read(store.Tables, replica)?.Owner == store.Self || store.State.Head.Replica == replica;

    private bool IsEnded(ReplicaId replica) => store.Read(Transaction.MembersInode)?.Ended.Find(replica) is not null;

    /// <summary>Nobody will ever complete that pull: what it brought is written anew as ours, or it would stay beyond knowledge for good.</summary>
    private void Adopt(Transaction transaction, NodeRecord found)
    {
        Knowledge known = store.State.Knowledge;
        HashSet<ReplicaId> over = [.. found.Reference.Where(entry => entry.Value > known[entry.Key] && IsLost(entry)).Select(entry => entry.Key)];
        foreach (ReplicaId replica in over.Where(replica => !IsEnded(replica)))
        {
            new LocalChange(transaction, now).EndReplica(replica);
            log($"replica {replica} of this machine was rolled back; the changes that others got of it are kept");
        }

        if (!Names(found, over)) return;
        bool IsOver(Version version) => over.Contains(version.Replica) && !known.Covers(version);
        NodeRecord record = transaction.Change(found.Inode);
        record.Content = Restamp(transaction, record.Content, IsOver);
        record.Attributes = Restamp(transaction, record.Attributes, IsOver);
        record.Members = Restamp(transaction, record.Members, IsOver);
        record.Ended = Restamp(transaction, record.Ended, IsOver);
        record.Epochs = Restamp(transaction, record.Epochs, IsOver);
        record.Releases = Restamp(transaction, record.Releases, IsOver);
        record.Links = [.. record.Links.Select(link => Restamp(transaction, link, IsOver))];
        record.Stamp = Knowledge.Of(record.Stamp.Select(entry => over.Contains(entry.Key) ? KeyValuePair.Create(entry.Key, Math.Min(entry.Value, known[entry.Key])) : entry));
        transaction.Stamp(record);
    }

    private static Facet<T> Restamp<T>(Transaction transaction, Facet<T> facet, Func<Version, bool> isOver)
        where T : IEquatable<T>
    {
        foreach (FacetPair<T> pair in facet.Pairs.ToArray().Where(pair => isOver(pair.Version)))
        {
            // One change has one version, so equal values of several lost versions come together under it.
            facet = facet.Without(pair.Version).With(transaction.Version, pair.Value);
        }

        return facet;
    }

    private static Link Restamp(Transaction transaction, Link link, Func<Version, bool> isOver)
    {
        Facet<Place> places = Restamp(transaction, link.Places, isOver);
        return link with
        {
            Places = places,
            Last = !ReferenceEquals(places, link.Places) && places.Largest.Version > link.Last.Version ? places.Largest : link.Last,
            Gone = isOver(link.Gone) ? transaction.Version : link.Gone,
        };
    }
}
