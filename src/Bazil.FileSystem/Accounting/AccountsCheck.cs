using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// Compares what each directory has been given with what lies in it, in one pass over the nodes of a frozen view. Memory: some
/// hundred bytes for each directory. A difference may be added to the live accounts later, as sums do not mind the order.
/// </summary>
internal sealed class AccountsCheck(VolumeStore frozen)
{
    private readonly Transaction _transaction = new(frozen);
    private readonly Dictionary<InodeId, SubtreeTotals> _found = [];
    private readonly List<InodeId> _directories = [];

    /// <summary>Directories that were looked at.</summary>
    public long DirectoryCount => _directories.Count;

    /// <summary>By how much the own part of directories is wrong: what would have to be added. Empty when all is right.</summary>
    public Dictionary<InodeId, SubtreeTotals> Run(CancellationToken cancel)
    {
        Collect(cancel);
        var drift = new Dictionary<InodeId, SubtreeTotals>();
        foreach (InodeId directory in _directories)
        {
            // Given = own weights of what is placed here + totals of the directories placed here.
            SubtreeTotals given = frozen.Accounts.Totals(directory).Add(frozen.Accounts.WaitingFor(directory));
            SubtreeTotals found = _found.GetValueOrDefault(directory, SubtreeTotals.Nothing);
            SubtreeTotals missing = found.Without(given);
            if (!missing.IsZero || found.ChangeTime.CompareTo(given.ChangeTime) > 0) drift.Add(directory, missing);
        }

        return drift;
    }

    private void Collect(CancellationToken cancel)
    {
        using IMetadataCursor cursor = frozen.Tables.Reader.ScanPrefix(frozen.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes);
        while (cursor.MoveNext())
        {
            cancel.ThrowIfCancellationRequested();
            InodeId inode = new MetadataKeyReader(cursor.Key[^VolumeTables.InodeBytes..]).ReadInode();
            NodeRecord record = NodeCodec.DecodeRow(inode, cursor.Value, frozen.State.Reference);
            if (record.IsVolumeWide) continue;
            InodeId home = _transaction.HomeOf(record);
            if (record.IsDirectory) _directories.Add(inode);
            if (home == default) continue;
            _found[home] = _found.GetValueOrDefault(home, SubtreeTotals.Nothing).Add(WeightOf(record));
        }
    }

    /// <summary>What a node gave to its home. The time of a change of a directory itself is passed on with what waits for it.</summary>
    private SubtreeTotals WeightOf(NodeRecord record)
    {
        SubtreeTotals own = Transaction.OwnWeight(record);
        if (!record.IsDirectory) return own;
        bool isTimeWaiting = frozen.Accounts.WaitingFor(record.Inode).ChangeTime.CompareTo(own.ChangeTime) >= 0;
        return frozen.Accounts.Totals(record.Inode).Add(isTimeWaiting ? own with { ChangeTime = SubtreeTotals.Never } : own);
    }
}
