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
        IReadOnlySet<InodeId> revived = transaction.ReadRevived();
        foreach (InodeId inode in revived.Union(store.Tables.ReadInodes(Table.Tombstone)).Order()) WriteAnew(transaction, inode, revived.Contains(inode));
        foreach (InodeId inode in store.Tables.ReadInodes(Table.Tombstone).Where(inode => !isBeingWritten(inode))) Bury(transaction, inode);
        transaction.Purge(store.Tables.ReadInodes(Table.Tombstone).Where(inode => !isBeingWritten(inode)), transaction.KnownToAll());
    }

    /// <summary>
    /// The last place of a living node must be known to all replicas, also to those that saw it removed: one whose removal is known
    /// only by absence is written as a new change. So is one that a replica may have purged, with what was newer there: what is absent
    /// now would else be judged differently by those who have purged it and those who have not.
    /// </summary>
    private void WriteAnew(Transaction transaction, InodeId inode, bool isRevived)
    {
        if (transaction.Read(inode) is not { } record)
        {
            if (isRevived) transaction.ForgetRevived(inode);
            return;
        }

        // What is dead now may come to life with a later pull: it is looked at again then.
        if (record.IsVolumeWide || !transaction.IsLiving(record)) return;
        if (isRevived) transaction.ForgetRevived(inode);
        Link? last = record.HasLiveLink ? null : record.LastLink;
        bool isPlaced = last is not null && (isRevived || last.Gone < last.Last.Version);
        if (!isPlaced && !isRevived) return;
        NodeRecord changed = transaction.Change(inode);
        if (isPlaced) changed.SetLink(last!.MoveTo(transaction.Version, last.Last.Value));
        changed.ChangeTime = now;
        transaction.Stamp(changed);
    }

    /// <summary>
    /// Removes by a change what a dead node still has: a place or attributes that its deletion had not seen. Purged with the node they would
    /// be deleted for those alone who had not purged it when an edit brings it back.
    /// </summary>
    private void Bury(Transaction transaction, InodeId inode)
    {
        if (transaction.Read(inode) is not { } record || record.IsVolumeWide || transaction.IsLiving(record)) return;
        if (record.Attributes.IsEmpty && !record.HasLiveLink) return;
        NodeRecord changed = transaction.Change(inode);
        changed.Attributes = Facet<AttributeValue>.Empty;
        changed.Links = [.. changed.Links.Select(link => link.IsLive ? link.Remove(transaction.Version) : link)];
        changed.ChangeTime = now;
        transaction.Stamp(changed);
    }

    /// <summary>
    /// Makes ours what nobody will ever complete. The references that tell of it stay until every member has merged the nodes under
    /// them: what was replaced of that history would else come back from who still has it.
    /// </summary>
    private void AdoptLost(Transaction transaction)
    {
        HashSet<ReplicaId> lost = FindLost();
        if (lost.Count == 0)
        {
            store.Referenced.Forget();
            return;
        }

        List<NodeRecord> records = OverReferenced(transaction, lost);
        IEnumerable<ReplicaId> named = records.SelectMany(record => record.Reference).Where(entry => entry.Value > store.State.Knowledge[entry.Key]).Select(entry => entry.Key);
        foreach (ReplicaId replica in named.Distinct().Where(replica => lost.Contains(replica) && !IsEnded(transaction, replica)).Order().ToList())
        {
            new LocalChange(transaction, now).EndReplica(replica);
            log($"replica {replica} of this machine was rolled back; the changes that others got of it are kept");
        }

        foreach (NodeRecord record in records.Where(record => Names(record, lost))) Adopt(transaction, record, lost);
        Knowledge knownToAll = transaction.KnownToAll();
        if (!records.TrueForAll(record => transaction.Require(record.Inode).Stamp.IsCoveredBy(knownToAll))) return;
        store.State.DropFromReferences(lost);
        store.Referenced.Forget();
        store.Cache.Clear();
        foreach (Head head in HeadTable.ReadReferenced(store.Tables).Where(head => lost.Contains(head.Replica))) HeadTable.DeleteReferenced(transaction.Batch, store.Tables, head);
    }

    /// <summary>The replica ids that open references name beyond our knowledge, and that have ended. Under the gate.</summary>
    public HashSet<ReplicaId> FindLost()
    {
        HashSet<ReplicaId> beyond = [.. store.State.OpenReferences().SelectMany(reference => reference).Where(entry => entry.Value > store.State.Knowledge[entry.Key]).Select(entry => entry.Key)];
        if (beyond.Count == 0) return beyond;

        // After a rollback nothing here tells of an id that was begun since: those who hold something of it show its head.
        HashSet<ReplicaId> own = [.. HeadTable.ReadReferenced(store.Tables).Where(head => head.Owner == store.Self).Select(head => head.Replica)];
        beyond.RemoveWhere(replica => !own.Contains(replica) && !IsEnded(replica) && !IsOwn(replica));
        return beyond;
    }

    /// <summary>Whether a node has, or is stamped with, what is beyond knowledge of these replica ids.</summary>
    private bool Names(NodeRecord record, HashSet<ReplicaId> lost) =>
        record.Stamp.Select(static entry => new Version(entry.Value, entry.Key)).Concat(NodeMerge.Versions(record))
            .Any(version => lost.Contains(version.Replica) && !store.State.Knowledge.Covers(version));

    /// <summary>Nodes whose reference names more of a lost replica id than anyone will ever serve, in the order of their ids.</summary>
    private List<NodeRecord> OverReferenced(Transaction transaction, HashSet<ReplicaId> lost)
    {
        var records = new List<NodeRecord>();
        if (!store.Referenced.IsFound) store.Referenced.Found(ReferencedNodes.Scan(store.Tables, store.State.Reference, store.State.Knowledge));
        foreach (InodeId inode in store.Referenced.All)
        {
            if (transaction.Read(inode) is { } record && record.Reference.Any(entry => lost.Contains(entry.Key) && entry.Value > store.State.Knowledge[entry.Key])) records.Add(record);
        }

        records.Sort((left, right) => left.Id.CompareTo(right.Id));
        return records;
    }

    private bool IsOwn(ReplicaId replica) => HeadTable.Read(store.Tables, replica)?.Owner == store.Self || store.State.Head.Replica == replica;

    private bool IsEnded(ReplicaId replica) => store.Read(Transaction.MembersInode)?.Ended.Find(replica) is not null;

    private static bool IsEnded(Transaction transaction, ReplicaId replica) => transaction.Read(Transaction.MembersInode)?.Ended.Find(replica) is not null;

    /// <summary>Nobody will ever complete that pull: what it brought is written anew as ours, or it would stay beyond knowledge for good.</summary>
    private void Adopt(Transaction transaction, NodeRecord found, HashSet<ReplicaId> lost)
    {
        Knowledge known = store.State.Knowledge;
        HashSet<ReplicaId> over = [.. found.Reference.Where(entry => entry.Value > known[entry.Key] && lost.Contains(entry.Key)).Select(entry => entry.Key)];
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

    /// <summary>Each value keeps a version of its own: under one, all but the last of them would be lost.</summary>
    private static Facet<T> Restamp<T>(Transaction transaction, Facet<T> facet, Func<Version, bool> isOver)
        where T : IEquatable<T>
    {
        foreach (FacetPair<T> pair in facet.Pairs.ToArray().Where(pair => isOver(pair.Version)))
        {
            facet = facet.Without(pair.Version);
            if (facet.Contains(transaction.Version)) transaction.TakeVersion();
            facet = facet.With(transaction.Version, pair.Value);
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
