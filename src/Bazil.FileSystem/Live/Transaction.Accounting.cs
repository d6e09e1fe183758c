using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// What a change means for the totals of the directories concerned: rows in the same batch (docs/accounting.md).
internal sealed partial class Transaction
{
    /// <summary>
    /// The directory in whose totals a node counts: that of its first link. None for the root, and for nodes that are not alive.
    /// </summary>
    public InodeId HomeOf(NodeRecord record) => HomeOf(PlacementOf(record, isBefore: false));

    /// <summary>What a node adds to the totals of its home by itself, with its last change.</summary>
    public static SubtreeTotals OwnWeight(NodeRecord record) => record.IsDirectory
        ? new SubtreeTotals(0, 0, 1, record.ChangeTime)
        : new SubtreeTotals(unchecked((long)(record.ShownContent?.Value.SizeBytes ?? 0)), 1, 0, record.ChangeTime);

    private static InodeId HomeOf(List<PlacedClaim> placed) => placed.Count == 0 ? default : placed[0].Parent;

    private void WriteAccounts()
    {
        var changes = new SubtreeChanges();
        foreach (Edit edit in _edits.Values) Account(changes, edit);
        Store.Accounts.Write(Batch, changes);
    }

    private void Account(SubtreeChanges changes, Edit edit)
    {
        NodeRecord record = edit.Record;
        if (record.IsVolumeWide) return;
        InodeId before = HomeOf(edit.PlacedBefore), after = edit.IsPurged ? default : HomeOf(edit.Placed);
        if (before == after) AccountStay(changes, edit, after);
        else AccountMove(changes, edit, before, after);
        if (edit.IsPurged && record.IsDirectory) changes.Drop(record.Inode);
    }

    private void AccountStay(SubtreeChanges changes, Edit edit, InodeId home)
    {
        // A directory without a home is the root, or dead: nothing above it asks for its time.
        if (home == default) return;
        bool isChanged = edit.Before!.ChangeTime != edit.Record.ChangeTime;
        UnixTime time = isChanged ? edit.Record.ChangeTime : SubtreeTotals.Never;
        if (edit.Record.IsDirectory)
        {
            changes.Add(edit.Record.Inode, SubtreeTotals.At(time));
            return;
        }

        SubtreeTotals by = Store.Accounts.IsCounted(edit.Record.Inode) ? OwnWeight(edit.Record).Without(OwnWeight(edit.Before)) : SubtreeTotals.Nothing;
        changes.Add(home, by with { ChangeTime = time });
    }

    /// <summary>Also what is born, and what dies. A directory takes along what it passed on, whatever lies below it.</summary>
    private void AccountMove(SubtreeChanges changes, Edit edit, InodeId before, InodeId after)
    {
        bool isCounted = Store.Accounts.IsCounted(edit.Record.Inode);
        SubtreeTotals below = edit.Record.IsDirectory && edit.Before is not null ? Store.Accounts.Totals(edit.Record.Inode) : SubtreeTotals.Nothing;
        if (before != default) changes.Subtract(before, isCounted ? below.Add(OwnWeight(edit.Before!)) : below);
        if (after == default) return;
        SubtreeTotals weight = isCounted ? below.Add(OwnWeight(edit.Record)) : below.Add(SubtreeTotals.At(edit.Record.ChangeTime));
        changes.Add(after, weight);
    }
}
