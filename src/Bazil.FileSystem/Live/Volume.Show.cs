using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// What comes from a peer becomes visible: the kernel's caches are told, open files get the new content, and what a
// writer is working on waits for its close (a postponed merge).
public sealed partial class Volume
{
    /// <summary>So many messages to the kernel are on their way at a time at most: far fewer than would be refused.</summary>
    private const int NotificationsMax = 1024;

    private IFuseNotifier? _notifier;

    /// <summary>Takes the mount's way to tell the kernel; null when the mount has ended.</summary>
    internal void SetNotifier(IFuseNotifier? notifier)
    {
        Volatile.Write(ref _notifier, notifier);
        if (notifier is null) _nameless.Clear();
    }

    /// <summary>Shows a change that came from a peer. Returns how many files wait for a writer.</summary>
    internal async Task<int> ShowAsync(CommittedChange change)
    {
        int postponed = 0;
        foreach (InodeId inode in change.Inodes)
        {
            OpenFile? file;
            bool hasWriters;
            lock (_gate)
            {
                if (!_files.TryGetValue(inode, out file)) continue;
                hasWriters = file.Writers > 0;
                file.Handles++;
            }

            try
            {
                if (hasWriters) postponed++;
                else await ReplaceContentAsync(file);
            }
            finally
            {
                await ReleaseAsync(file, isWriter: false);
            }
        }

        await NotifyAsync(change);
        return postponed;
    }

    /// <summary>Notes in the same batch which merged files cannot be shown yet. Under the gate.</summary>
    private void NotePostponed(Transaction transaction)
    {
        foreach (OpenFile file in _files.Values.Where(file => file.Writers > 0 && transaction.IsEdited(file.Inode)))
        {
            if (_options.Metadata.Get(PendingKey(file.Inode)) is null) PutPending(transaction.Batch, file.Inode, transaction.Now);
        }
    }

    /// <summary>Under the gate.</summary>
    private void PutPending(MetadataBatch batch, InodeId inode, UnixTime since)
    {
        _mayHavePending = true;
        batch.Put(PendingKey(inode), PendingRow.Encode(since));
    }

    /// <summary>After a start no file is open, and nothing waits for one.</summary>
    private void ForgetPending()
    {
        var batch = new MetadataBatch();
        foreach (InodeId inode in _store.Tables.ReadInodes(Table.Pending)) batch.Delete(PendingKey(inode));
        if (batch.Count > 0) Guarded(() => _store.Commit(batch));
    }

    /// <summary>The last writer has closed: shows what waited for it.</summary>
    private async ValueTask ShowPendingAsync(OpenFile file)
    {
        if (!TakePending(file.Inode)) return;
        await ReplaceContentAsync(file);
        await ShowLateDeletionAsync(file.Inode);
    }

    private async ValueTask NotifyIfPendingAsync(InodeId inode)
    {
        if (!TakePending(inode)) return;
        if (_notifier is { } notifier) await notifier.InvalidateInode(new FuseNodeId(inode.Value), 0, 0);
        await ShowLateDeletionAsync(inode);
    }

    /// <summary>A deletion that waited for the last writer, who wrote nothing.</summary>
    private async Task ShowLateDeletionAsync(InodeId inode)
    {
        bool isHeld;
        lock (_gate) isHeld = _store.Read(inode) is { Held: not null };
        if (!isHeld) return;
        _hasNewHeld = true;
        await SettleDeletionsAsync(CancellationToken.None);
    }

    private bool TakePending(InodeId inode)
    {
        lock (_gate)
        {
            if (!_mayHavePending) return false;
            byte[] key = PendingKey(inode);
            if (Failure is not null || _options.Metadata.Get(key) is null) return false;
            var batch = new MetadataBatch();
            batch.Delete(key);
            Guarded(() => _store.Commit(batch));
            return true;
        }
    }

    private async Task ReplaceContentAsync(OpenFile file)
    {
        await file.Gate.WaitAsync(CancellationToken.None);
        try
        {
            NodeRecord? record;
            Knowledge known;
            lock (_gate) (record, known) = (FindShown(file.Inode), _store.State.Knowledge);
            if (record is not null && !Equals(record.ShownContent?.Value, file.Seen) && await file.ReplaceAsync(record))
            {
                lock (_gate) file.SeenKnowledge = known;
            }
        }
        finally
        {
            file.Gate.Release();
        }

        if (_notifier is { } notifier) await notifier.InvalidateInode(new FuseNodeId(file.Inode.Value), 0, 0);
    }

    private async Task NotifyAsync(CommittedChange change)
    {
        if (_notifier is not { } notifier) return;
        var sent = new List<Task>(NotificationsMax + 1);
        foreach ((InodeId parent, FileName name) in change.Names)
        {
            if (sent.Count >= NotificationsMax) await ArriveAsync(sent);
            sent.Add(notifier.InvalidateEntry(new FuseNodeId(parent.Value), name.Span));
            InodeId primary;
            lock (_gate) primary = new Transaction(_store).PrimaryOf(parent);
            if (primary != parent) sent.Add(notifier.InvalidateEntry(new FuseNodeId(primary.Value), name.Span));
        }

        foreach (InodeId inode in change.Inodes)
        {
            if (sent.Count >= NotificationsMax) await ArriveAsync(sent);
            sent.Add(notifier.InvalidateInode(new FuseNodeId(inode.Value), 0, 0));
        }

        await ArriveAsync(sent);
    }

    private static async Task ArriveAsync(List<Task> sent)
    {
        await Task.WhenAll(sent);
        sent.Clear();
    }

    private byte[] PendingKey(InodeId inode) => _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Pending).Add(inode).Bytes.ToArray();
}
