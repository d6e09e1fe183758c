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

        Store.Frozen.BeginBatch();
        foreach ((InodeId inode, Edit edit) in _edits)
        {
            if (edit.Record.IsVolumeWide || !ShowsAnew(edit)) continue;
            foreach (PlacedClaim placed in edit.PlacedBefore) ForgetUpFrom(placed.Parent, placed.Name);
            foreach (PlacedClaim placed in edit.Placed) ForgetUpFrom(placed.Parent, placed.Name);
            if (edit.Record.IsDirectory && edit.PlacedBefore.Count > 0 && edit.Placed.Count == 0) Store.Frozen.Remove(Batch, inode);
        }
    }

    /// <summary>Forgets the directories that show a node, for what is written to it while it is open.</summary>
    public void ForgetFrozenAround(InodeId inode)
    {
        if (Read(inode) is not { } record) return;
        foreach (PlacedClaim placed in PlacementOf(record, isBefore: false)) ForgetUpFrom(placed.Parent, placed.Name);
    }

    private void ForgetUpFrom(InodeId directory, FileName name)
    {
        while (Store.Frozen.Forget(Batch, directory, name))
        {
            List<PlacedClaim> placed = Read(directory) is { } record && record.Id != NodeId.Root ? PlacementOf(record, isBefore: false) : [];
            if (placed.Count == 0) return;
            (directory, name) = (placed[0].Parent, placed[0].Name);
        }
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
