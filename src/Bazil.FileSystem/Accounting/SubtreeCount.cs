using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// Counts a volume that was made by an older version: through the nodes in the order of their inodes, not through the tree, so a row says
/// how far it is, it goes on after a restart, and what changes meanwhile is counted once: with the change below that row, by the count above it.
/// Under the volume's gate.
/// </summary>
internal static class SubtreeCount
{
    /// <summary>Counts some nodes more. Returns false when all are counted.</summary>
    public static bool Step(VolumeStore store)
    {
        if (store.Accounts.IsComplete) return false;
        var transaction = new Transaction(store);
        var changes = new SubtreeChanges();
        InodeId last = default;
        int count = 0;
        Span<byte> from = stackalloc byte[MetadataKey.MaxSize], prefix = stackalloc byte[MetadataKey.MaxSize], end = stackalloc byte[MetadataKey.MaxSize];
        ReadOnlySpan<byte> to = MetadataKey.PrefixEnd(store.Tables.Key(prefix, Table.Inode).Bytes, end);
        using IMetadataCursor cursor = store.Tables.Reader.Scan(store.Tables.Key(from, Table.Inode).Add(store.Accounts.CountedUpTo.Value + 1).Bytes, to);
        while (count < AccountingLimits.CountStep && cursor.MoveNext())
        {
            count++;
            last = new MetadataKeyReader(cursor.Key[^VolumeTables.InodeBytes..]).ReadInode();
            NodeRecord record = NodeCodec.DecodeRow(last, cursor.Value, store.State.Reference);
            if (!record.IsVolumeWide && transaction.HomeOf(record) is var home && home != default) changes.Add(home, Transaction.OwnWeight(record));
        }

        var batch = new MetadataBatch();
        store.Accounts.Write(batch, changes);
        if (count < AccountingLimits.CountStep) store.Accounts.SetComplete(batch);
        else store.Accounts.SetCounted(batch, last);
        store.Commit(batch);
        return true;
    }
}
