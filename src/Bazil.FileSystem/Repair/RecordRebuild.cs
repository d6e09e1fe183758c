using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Repair;

/// <summary>Makes names, indexes and counts anew from records, as if a peer had sent them, but with the inodes that they have.</summary>
internal sealed class RecordRebuild(VolumeStore store, SalvagedRows rows, UnixTime now)
{
    private const int NodesPerTransaction = 256;

    /// <summary>Records that were taken over, without those of the volume as a whole.</summary>
    public long Count { get; private set; }

    public void Run(CancellationToken cancel)
    {
        InodeId largest = InodeId.Root;
        Knowledge known = Knowledge.Empty;
        using (IEnumerator<NodeRecord> records = rows.Records().GetEnumerator())
        {
            bool hasMore = records.MoveNext();
            if (!hasMore || records.Current.Inode != InodeId.Root) AddRoot();
            while (hasMore)
            {
                cancel.ThrowIfCancellationRequested();
                var transaction = new Transaction(store) { MergesForeign = true, Now = now };
                for (int count = 0; hasMore && count < NodesPerTransaction; count++, hasMore = records.MoveNext())
                {
                    NodeRecord record = records.Current;
                    if (record.Id != NodeId.Root && transaction.FindInode(record.Id) != default) continue; // the same node twice: a stale row
                    Take(transaction, record);
                    known = known.Join(record.Stamp);
                    if (record.Inode.CompareTo(largest) > 0) largest = record.Inode;
                    if (!record.IsVolumeWide) Count++;
                }

                transaction.Commit();
            }
        }

        Finish(largest, known);
        RestoreTimes(cancel);
    }

    private void AddRoot()
    {
        var transaction = new Transaction(store);
        NodeRecord root = transaction.Add(NodeId.Root, NodeKind.Directory);
        root.AccessTime = root.ChangeTime = root.DirectoryTime = now;
        transaction.Commit();
    }

    private static void Take(Transaction transaction, NodeRecord from)
    {
        NodeRecord record = transaction.Add(from.Id, from.Kind, from.Inode);
        record.Content = from.Content;
        record.Attributes = from.Attributes;
        record.Links = from.Links;
        record.Members = from.Members;
        record.Ended = from.Ended;
        record.Epochs = from.Epochs;
        record.Releases = from.Releases;
        record.Stamp = from.Stamp;
        record.AccessTime = from.AccessTime;
        record.ChangeTime = from.ChangeTime;
        record.DirectoryTime = from.DirectoryTime;
        record.Choice = from.Choice;
        record.AllocatedBytes = from.AllocatedBytes;
        record.Held = from.Held;
    }

    /// <summary>The counters of the volume are not behind what is in it.</summary>
    private void Finish(InodeId largest, Knowledge known)
    {
        var transaction = new Transaction(store);
        store.State.RaiseInodes(largest);
        if (!known.IsCoveredBy(store.State.Knowledge)) store.State.Learn(known);
        transaction.Commit();
    }

    /// <summary>Placing what lies in a directory changed its times.</summary>
    private void RestoreTimes(CancellationToken cancel)
    {
        foreach (NodeRecord[] directories in rows.Records().Where(static record => record.IsDirectory).Chunk(NodesPerTransaction))
        {
            cancel.ThrowIfCancellationRequested();
            var transaction = new Transaction(store);
            foreach (NodeRecord directory in directories)
            {
                if (store.Read(directory.Inode)?.Id != directory.Id) continue;
                NodeRecord record = transaction.Change(directory.Inode);
                (record.DirectoryTime, record.ChangeTime) = (directory.DirectoryTime, directory.ChangeTime);
            }

            transaction.Commit();
        }
    }
}
