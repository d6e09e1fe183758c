using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What follows the completion of a pull: nodes that came from a history nobody can complete any more become ours,
/// nodes that live though their deletion is known only by absence get their place written anew, tombstones that everyone knows go.
/// </summary>
internal sealed class PullCompletion(VolumeStore store, UnixTime now, Action<string> log)
{
    /// <param name="transaction">The transaction that completes the pull: all of it is one step.</param>
    /// <param name="isBeingWritten">Files that a program has open for writing: their records stay, for what is written will bring them back.</param>
    public void Apply(Transaction transaction, Func<InodeId, bool> isBeingWritten)
    {
        foreach (NodeRecord record in OverReferenced()) Adopt(transaction, record);
        foreach (InodeId inode in store.Tables.ReadInodes(Table.Tombstone)) Relink(transaction, inode);
        transaction.Purge(store.Tables.ReadInodes(Table.Tombstone).Where(inode => !isBeingWritten(inode)), transaction.KnownToAll());
    }

    /// <summary>
    /// The last place of a living node must be known to all replicas, also to those that saw it removed: one whose removal
    /// is known only by absence is written as a new change.
    /// </summary>
    private void Relink(Transaction transaction, InodeId inode)
    {
        if (transaction.Read(inode) is not { } record || record.HasLiveLink || !transaction.IsShown(record)) return;
        if (record.LastLink is not { Gone.IsNone: true } last) return;
        NodeRecord changed = transaction.Change(inode);
        changed.SetLink(last.MoveTo(transaction.Version, last.Last.Value));
        changed.ChangeTime = now;
        transaction.Stamp(changed);
    }

    /// <summary>Nodes whose reference names more of an ended replica id than anyone will ever serve.</summary>
    private List<NodeRecord> OverReferenced()
    {
        HashSet<ReplicaId> lost = [.. store.State.OpenReferences().SelectMany(reference => reference).Where(IsLost).Select(entry => entry.Key)];
        if (lost.Count == 0) return [];
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
        NodeRecord record = transaction.Change(found.Inode);
        Knowledge known = store.State.Knowledge;
        HashSet<ReplicaId> over = [.. record.Reference.Where(entry => entry.Value > known[entry.Key] && IsLost(entry)).Select(entry => entry.Key)];
        foreach (ReplicaId replica in over.Where(replica => !IsEnded(replica)))
        {
            new LocalChange(transaction, now).EndReplica(replica);
            log($"replica {replica} of this machine was rolled back; the changes that others got of it are kept");
        }

        bool IsOver(Version version) => over.Contains(version.Replica) && !known.Covers(version);
        record.Content = Restamp(transaction, record.Content, IsOver);
        record.Attributes = Restamp(transaction, record.Attributes, IsOver);
        record.Members = Restamp(transaction, record.Members, IsOver);
        record.Ended = Restamp(transaction, record.Ended, IsOver);
        record.Epochs = Restamp(transaction, record.Epochs, IsOver);
        record.Releases = Restamp(transaction, record.Releases, IsOver);
        record.Links = [.. record.Links.Select(link => Restamp(transaction, link, IsOver))];
        record.Stamp = Knowledge.Of(record.Stamp.Select(entry => over.Contains(entry.Key) ? KeyValuePair.Create(entry.Key, Math.Min(entry.Value, known[entry.Key])) : entry));
        transaction.Stamp(record);
        record.Reference = Knowledge.Of(record.Reference.Where(entry => !over.Contains(entry.Key)));
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
