using System.Buffers;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// The trash: what peers deleted and overwrote, kept on this machine for a while (docs/conflicts.md, "The trash").
public sealed partial class Volume
{
    private static readonly TimeSpan TidyInterval = TimeSpan.FromHours(1);

    private const long SecondsPerDay = 24 * 60 * 60;

    public TrashTotals TrashTotals
    {
        get
        {
            lock (_gate) return _store.Trash.Totals;
        }
    }

    /// <summary>The entries of the trash, oldest first. A new enumeration sees new entries.</summary>
    public IEnumerable<TrashEntry> ListTrash() => TrashRows.Scan(_store.Tables);

    /// <summary>Deletes entries of the trash for good. Returns how many were there.</summary>
    /// <exception cref="MetadataException">The volume is read-only, or the database failed.</exception>
    public int EmptyTrash(IEnumerable<ulong> ids)
    {
        int removed = 0;
        foreach (ulong[] chunk in ids.Chunk(Limits.HeldBatch))
        {
            lock (_gate)
            {
                if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
                var batch = new MetadataBatch();
                foreach (TrashEntry entry in chunk.Select(_store.Trash.Find).OfType<TrashEntry>())
                {
                    _store.Trash.Remove(batch, entry);
                    removed++;
                }

                _store.Trash.WriteTotals(batch);
                if (batch.Count > 0) Guarded(() => _store.Commit(batch));
            }
        }

        return removed;
    }

    /// <summary>Deletes what has been in the trash for as long as it is kept, and the oldest of what is too much.</summary>
    public int ExpireTrash()
    {
        long before;
        long excess;
        lock (_gate)
        {
            before = Now().Seconds - (_options.Policy().TrashDays * SecondsPerDay);
            excess = _store.Trash.Totals.Entries - Limits.TrashEntriesMax;
        }

        return EmptyTrash(ListTrash().TakeWhile((entry, index) => index < excess || entry.Time.Seconds < before).Select(static entry => entry.Id));
    }

    /// <summary>
    /// Brings an entry of the trash back. Its content is fetched whole before: nobody else need keep what is in a trash, so nothing may refer to it that
    /// is not here.
    /// </summary>
    /// <param name="id">The entry.</param>
    /// <param name="target">Where to, from the root of the volume.</param>
    /// <param name="cancel">Gives up; nothing is restored.</param>
    /// <exception cref="Storage.Stores.StoreException">Some of the content is neither here nor within reach.</exception>
    public async Task<TrashRestoreResult> RestoreTrashAsync(ulong id, IReadOnlyList<FileName> target, CancellationToken cancel)
    {
        TrashEntry? entry;
        lock (_gate) entry = _store.Trash.Find(id);
        if (entry?.Content is { Form: ContentForm.Blob } blob) await FetchAsync(BlobSubtree.Of(blob.Manifest), cancel);
        var changes = new List<CommittedChange>();
        TrashRestoreResult result = RestoreTrash(id, target, changes);
        foreach (CommittedChange change in changes) await ShowAsync(change);
        return result;
    }

    /// <summary>Reads all of some content: what came from elsewhere is kept here.</summary>
    private async Task FetchAsync(BlobSubtree subtree, CancellationToken cancel)
    {
        if (subtree.Key.IsZero) return;
        using IMemoryOwner<byte> chunk = await _options.Blobs.Chunks.Of(subtree.KeyEpoch).GetAsync(ChunkType.File, subtree.Level, subtree.Key, subtree.SizeBytesMax, cancel);
        if (subtree.Level == 0) return;
        foreach (BlobSubtree child in subtree.Children(chunk.Memory)) await FetchAsync(child, cancel);
    }

    /// <summary>
    /// Brings an entry of the trash back, as a new local change, and takes it out of the trash. Directories on the way that are not there are made,
    /// as the trash has them. A file that is there and was overwritten gets its old content; what it has now goes into the trash.
    /// </summary>
    /// <param name="id">The entry.</param>
    /// <param name="target">Where to, from the root of the volume.</param>
    /// <param name="changes">Gets what the kernel and open files have to be told of.</param>
    internal TrashRestoreResult RestoreTrash(ulong id, IReadOnlyList<FileName> target, List<CommittedChange> changes)
    {
        if (target.Count == 0 || target.Any(static name => name.IsReserved)) return TrashRestoreResult.BadName;
        lock (_gate)
        {
            if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
            if (_store.Trash.Find(id) is not { } entry) return TrashRestoreResult.NotInTrash;
            var transaction = new Transaction(_store);
            if (FindOrMakeParent(transaction, target, changes) is not { } parent) return TrashRestoreResult.NoParent;
            ShownName shown = transaction.Resolve(parent.Inode, target[^1]);
            TrashRestoreResult result = shown.IsNothing ? RestoreNew(transaction, entry, parent, target[^1]) : RestoreOver(transaction, entry, shown);
            if (result != TrashRestoreResult.Done) return result;
            _store.Trash.Remove(transaction.Batch, entry);
            CommittedChange change = Commit(transaction);
            changes.Add(new CommittedChange([.. change.Names, (parent.Inode, target[^1])], [.. change.Inodes, parent.Inode]));
            return TrashRestoreResult.Done;
        }
    }

    private TrashRestoreResult RestoreNew(Transaction transaction, TrashEntry entry, NodeRecord parent, FileName name)
    {
        UnixTime now = Now();
        new LocalChange(transaction, now).Create(parent, name, entry.NodeKind, entry.Content, AttributesOf(entry, now));
        return TrashRestoreResult.Done;
    }

    /// <summary>Something is there: a directory is as good as the one in the trash, a file of the same kind gets its content back.</summary>
    private TrashRestoreResult RestoreOver(Transaction transaction, TrashEntry entry, ShownName shown)
    {
        NodeRecord record = transaction.Require(shown.Primary.Inode);
        if (entry.NodeKind == NodeKind.Directory) return record.IsDirectory ? TrashRestoreResult.Done : TrashRestoreResult.TargetExists;
        bool mayReplace = entry.Kind != TrashKind.Deleted && record.Kind == entry.NodeKind && record.ShownContent is not null;
        if (!mayReplace) return TrashRestoreResult.TargetExists;
        if (IsBeingWritten(record.Inode)) return TrashRestoreResult.InUse;
        ContentValue present = record.ShownContent!.Value.Value;
        if (present.Equals(entry.Content)) return TrashRestoreResult.Done;
        UnixTime now = Now();
        _store.Trash.Add(transaction.Batch, new TrashEntry(0, now, _store.Self, TrashKind.Overwritten, record.Id, record.Kind, transaction.FindPath(record.Inode)!, present, record.ShownAttributes));
        new LocalChange(transaction, now).Write(record.Inode, present, entry.Content!);
        return TrashRestoreResult.Done;
    }

    /// <summary>The directory that a target is in; those that are missing are made, each in a step of its own.</summary>
    private NodeRecord? FindOrMakeParent(Transaction transaction, IReadOnlyList<FileName> target, List<CommittedChange> changes)
    {
        NodeRecord at = transaction.Require(InodeId.Root);
        foreach (FileName name in target.SkipLast(1))
        {
            ShownName shown = transaction.Resolve(at.Inode, name);
            if (!shown.IsNothing && !shown.Primary.IsDirectory) return null;
            if (!shown.IsNothing)
            {
                at = transaction.Require(shown.Primary.Inode);
                continue;
            }

            UnixTime now = Now();
            var making = new Transaction(_store);
            NodeRecord parent = making.Require(making.PrimaryOf(at.Inode));
            AttributeValue inherited = ShownAttributes(parent);
            NodeRecord made = new LocalChange(making, now).Create(parent, name, NodeKind.Directory, null, inherited with { ModifyTime = now });
            Commit(making);
            changes.Add(new CommittedChange([(parent.Inode, name)], [parent.Inode]));
            at = transaction.Require(made.Inode);
        }

        return transaction.Require(transaction.PrimaryOf(at.Inode));
    }

    private static AttributeValue AttributesOf(TrashEntry entry, UnixTime now) =>
        entry.Attributes ?? new AttributeValue(entry.NodeKind == NodeKind.Directory ? 0x1C0u : 0x180u, AttributeValue.Self, AttributeValue.Self, entry.Content?.ModifyTime ?? now, ExtendedAttributes.None);

    private async Task TidyLoopAsync()
    {
        using var timer = new PeriodicTimer(TidyInterval, _options.Clock);
        try
        {
            await TryAsync(ResumeDeletionsAsync);
            while (await timer.WaitForNextTickAsync(_closing.Token))
            {
                await TryAsync(SettleDeletionsAsync);
                await TryAsync(_ =>
                {
                    ExpireTrash();
                    return Task.CompletedTask;
                });
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closing; what is left is done after the next start.
        }
    }

    /// <summary>After a start: decisions that were being carried out, and deletions of completed pulls that were being shown.</summary>
    private async Task ResumeDeletionsAsync(CancellationToken cancel)
    {
        bool isDue;
        lock (_gate) isDue = _heldKnowledge is not null;
        if (isDue || WaitingDeletions() is not null) await SettleDeletionsAsync(cancel);
    }
}
