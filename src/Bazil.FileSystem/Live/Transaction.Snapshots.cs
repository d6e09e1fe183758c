using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

// What of the newest snapshot no longer is as the tree is (FrozenDirectories).
internal sealed partial class Transaction
{
    private void ForgetFrozen()
    {
        // United directories and cycles show things in other places than the rows say. They are rare and short-lived.
        if (State.Unions > 0 || State.Loose.Count > 0 || LooseBefore.Count > 0)
        {
            Store.Frozen.ForgetAll(Batch);
            return;
        }

        foreach ((InodeId inode, Edit edit) in _edits)
        {
            if (edit.Record.IsVolumeWide || !ShowsAnew(edit)) continue;
            foreach (PlacedClaim placed in edit.PlacedBefore) ForgetUpFrom(placed.Parent);
            foreach (PlacedClaim placed in edit.Placed) ForgetUpFrom(placed.Parent);
            if (edit.Record.IsDirectory && edit.PlacedBefore.Count > 0 && edit.Placed.Count == 0) Store.Frozen.Remove(Batch, inode);
        }
    }

    /// <summary>Forgets the directories that show a node, for what is written to it while it is open.</summary>
    public void ForgetFrozenAround(InodeId inode)
    {
        if (Read(inode) is not { } record) return;
        foreach (PlacedClaim placed in PlacementOf(record, isBefore: false)) ForgetUpFrom(placed.Parent);
    }

    private void ForgetUpFrom(InodeId directory)
    {
        while (directory != default && Store.Frozen.Forget(Batch, directory)) directory = ShownParent(directory);
    }

    /// <summary>Whether a snapshot would have something else of this node now; its access time, say, is not in snapshots.</summary>
    private static bool ShowsAnew(Edit edit)
    {
        if (edit.Before is not { } before || edit.IsPurged) return true;
        NodeRecord record = edit.Record;
        return !ReferenceEquals(before.Content, record.Content) || !ReferenceEquals(before.Attributes, record.Attributes)
            || before.Choice != record.Choice || before.ModifyTime != record.ModifyTime
            || !(ReferenceEquals(edit.Placed, edit.PlacedBefore) || edit.Placed.SequenceEqual(edit.PlacedBefore));
    }
}
