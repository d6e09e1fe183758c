using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Postponed merges: what waits for a program to close a file that it writes.
public sealed partial class Volume
{
    /// <summary>Some row of the kind may have been made since the start: without, no close has to look for one. Guarded by the gate.</summary>
    private bool _mayHavePending;

    /// <summary>Changes that wait for the close of a file.</summary>
    public IReadOnlyList<PendingChange> ListPending()
    {
        var pending = new List<PendingChange>();
        foreach (InodeId inode in _store.Tables.ReadInodes(Table.Pending))
        {
            lock (_gate)
            {
                if (_options.Metadata.Get(PendingKey(inode)) is not { } row) continue;
                var transaction = new Transaction(_store);
                if (transaction.FindPath(inode) is not { } path) continue;
                bool isDirty = _files.TryGetValue(inode, out OpenFile? file) && file.IsDirty;
                pending.Add(new PendingChange(path, PendingRow.DecodeSince(row), transaction.Read(inode) is { Held: not null }, isDirty));
            }
        }

        return pending;
    }

    /// <summary>How many changes wait for the close of a file.</summary>
    public int CountPending() => _store.Tables.ReadInodes(Table.Pending).Count;

    /// <summary>
    /// Finishes what waits for a file now. What a program has written to it is published, so that both are kept, as a conflict; without that, what the
    /// other member made of it is shown, and the program goes on with it. False when nothing waits there.
    /// </summary>
    public async Task<bool> ForcePendingAsync(IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        OpenFile? file;
        lock (_gate)
        {
            if (FindPath(path) is not { } record || _options.Metadata.Get(PendingKey(record.Inode)) is null) return false;
            if (_files.TryGetValue(record.Inode, out file)) file.Handles++;
        }

        if (file is null) return false; // it is being closed at this moment
        try
        {
            await SaveNowAsync(file, PublishAsync, cancel);
            if (!TakePending(file.Inode)) return true;
            await ReplaceContentAsync(file);
            await ShowForcedDeletionAsync(file.Inode);
            return true;
        }
        finally
        {
            await ReleaseAsync(file, isWriter: false);
        }
    }

    /// <summary>A deletion that waited for a writer who has written nothing is shown although the file is still open, unless it waits for consent as well.</summary>
    private async Task ShowForcedDeletionAsync(InodeId inode)
    {
        CommittedChange change;
        lock (_gate)
        {
            if (WaitingDeletions() is not null) return;
            Transaction transaction = ShowingDeletions();
            transaction.ShowDeletion(inode, Trash.TrashKind.Deleted);
            if (!transaction.IsEdited(inode)) return;
            change = Commit(transaction);
        }

        await ShowAsync(change);
        _hasNewHeld = true;
        await SettleDeletionsAsync(CancellationToken.None);
    }
}
