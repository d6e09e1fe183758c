using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Bringing back what snapshots have. Content is taken over by its manifest: nothing of it is read or written.
public sealed partial class Volume
{
    /// <summary>Restores a path of a snapshot, with all below it, under a name that is free.</summary>
    /// <param name="snapshot">One of this volume.</param>
    /// <param name="path">From its root; empty for all of it.</param>
    /// <param name="target">From the root of the volume; its last name must be free, what is in front of it must be there.</param>
    /// <param name="cancel">Gives up; of a directory nothing is left but an unfinished copy under a name of its own.</param>
    public async Task<RestoreOutcome> RestoreAsync(
        SnapshotReference snapshot, IReadOnlyList<FileName> path, IReadOnlyList<FileName> target, CancellationToken cancel)
    {
        Snapshot opened = await SnapshotReader.OpenAsync(snapshot.Key, cancel);
        if (path.Count > 0 && await opened.FindAsync(path, cancel) is null) return new RestoreOutcome(RestoreResult.NotInSnapshot);
        if (target.Count == 0) return new RestoreOutcome(RestoreResult.TargetExists);
        if (target.Any(static name => name.IsReserved)) return new RestoreOutcome(RestoreResult.BadName);
        if (FindPath([.. target.SkipLast(1)]) is not { Kind: NodeKind.Directory } parent) return new RestoreOutcome(RestoreResult.NoParent);
        if (FindPath(target) is not null) return new RestoreOutcome(RestoreResult.TargetExists);

        var run = new RestoreRun(this, snapshot, RestoreMode.Reference);
        SnapshotEntry entry = path.Count > 0 ? (await opened.FindAsync(path, cancel))! : RootEntry(opened, target[^1]);
        RestoreResult result = await run.CreateAsync(opened.Root, entry, parent.Inode, target[^1], cancel);
        await SyncAsync(cancel);
        return run.Outcome(result);
    }

    /// <summary>
    /// Makes a path what it was in a snapshot. What there is now is kept in a snapshot of its own before, unless the newest one has it.
    /// Files that are as they were are not touched, and files that changed stay the same nodes.
    /// </summary>
    /// <inheritdoc cref="RestoreAsync" path="/param"/>
    /// <param name="keptName">What to call the snapshot that keeps the present state.</param>
    public async Task<RestoreOutcome> RestoreInPlaceAsync(SnapshotReference snapshot, IReadOnlyList<FileName> path, FileName keptName, CancellationToken cancel)
    {
        Snapshot wanted = await SnapshotReader.OpenAsync(snapshot.Key, cancel);
        SnapshotEntry? entry = path.Count > 0 ? await wanted.FindAsync(path, cancel) : null;
        if (path.Count > 0 && entry is null) return new RestoreOutcome(RestoreResult.NotInSnapshot);
        NodeRecord? parent = path.Count > 0 ? FindPath([.. path.SkipLast(1)]) : null;
        if (path.Count > 0 && parent is not { Kind: NodeKind.Directory }) return new RestoreOutcome(RestoreResult.NoParent);

        // What is in the tree is replaced, so what was synced and closed must be in it.
        await SettlePatchesAsync(cancel);

        // One of the schedule goes when the schedule says so, and is no place to keep what a person may want back.
        bool mayBeNewest = ListSnapshots().MaxBy(static other => other.Taken) is not { Origin: SnapshotOrigin.Schedule };
        SnapshotOutcome kept = await TakeSnapshotAsync(keptName, SnapshotOrigin.Restore, skipUnchanged: mayBeNewest, cancel);
        if (kept.Error != Errno.OK) return new RestoreOutcome(RestoreResult.NotKept);

        Snapshot present = await FreezeAsync(cancel);
        var run = new RestoreRun(this, snapshot, RestoreMode.Reference);
        RestoreResult result;
        if (entry is null)
        {
            result = await run.MergeAsync(present.Root, wanted.Root, InodeId.Root, "", cancel);
            if (result == RestoreResult.Done) run.SetAttributes(InodeId.Root, wanted.Description.Attributes with { ModifyTime = wanted.Description.ModifyTime });
        }
        else
        {
            SnapshotEntry? before = await present.FindAsync(path, cancel);
            result = await run.ReplaceAsync(present.Root, before, wanted.Root, entry, parent!.Inode, string.Join('/', path.SkipLast(1)), cancel);
        }

        await run.ShowAsync();
        await SyncAsync(cancel);
        return run.Outcome(result) with { Kept = kept.Taken?.Name };
    }

    /// <summary>
    /// Fills this volume, which is new and empty, with all that a snapshot has, of whatever volume. The stores behind this volume have its chunks,
    /// and this volume its sharing key.
    /// </summary>
    /// <exception cref="OldEpochException">Content in it is sealed under an earlier sharing key than the snapshot itself.</exception>
    public async Task ImportAsync(Snapshot snapshot, CancellationToken cancel)
    {
        var run = new RestoreRun(this, null, RestoreMode.Import(snapshot.Description.Directory.KeyEpoch, _options.Blobs.Chunks.Current));
        if (!await run.FillAsync(snapshot.Root, InodeId.Root, cancel)) throw new MetadataException($"volume {Name} did not take all that snapshot {snapshot.Key} has: {Failure ?? "a name was taken, or a file has too many"}");
        run.SetAttributes(InodeId.Root, snapshot.Description.Attributes with { ModifyTime = snapshot.Description.ModifyTime });
        await SyncAsync(cancel);
    }

    /// <summary>Opens a snapshot, of this volume or another, whose chunks this volume's stores have, under its sharing key.</summary>
    /// <inheritdoc cref="Snapshots.SnapshotReader.OpenAsync" path="/exception"/>
    public ValueTask<Snapshot> OpenSnapshotAsync(SnapshotKey key, CancellationToken cancel) => SnapshotReader.OpenAsync(key, cancel);

    /// <summary>The node that a path shows, or null.</summary>
    internal NodeRecord? FindPath(IReadOnlyList<FileName> path)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            NodeRecord at = transaction.Require(InodeId.Root);
            foreach (FileName name in path)
            {
                if (!at.IsDirectory) return null;
                ShownName shown = transaction.Resolve(at.Inode, name);
                if (shown.IsNothing) return null;
                at = transaction.Require(shown.Primary.Inode);
            }

            return at;
        }
    }

    /// <summary>Makes one node. Null when the name is taken, or the snapshot that keeps the content is gone.</summary>
    internal InodeId? RestoreNode(SnapshotReference? keeper, SnapshotEntry entry, ContentValue? content, InodeId parent, FileName name)
    {
        lock (_gate)
        {
            if (!HasSnapshot(keeper)) return null;
            var transaction = new Transaction(_store);
            if (transaction.Read(parent) is not { IsDirectory: true } directory || !transaction.Resolve(parent, name).IsNothing) return null;
            directory = transaction.Require(transaction.PrimaryOf(parent));
            NodeRecord record = new LocalChange(transaction, Now()).Create(
                directory, name, entry.Kind, content?.WithModifyTime(entry.ModifyTime), entry.Attributes with { ModifyTime = entry.ModifyTime });
            Commit(transaction);
            return record.Inode;
        }
    }

    /// <summary>Gives a file that is there the content and attributes of a snapshot. False when it is being written, or is not what it was.</summary>
    internal bool RestoreContent(SnapshotReference? keeper, InodeId inode, SnapshotEntry before, SnapshotEntry after, List<CommittedChange> changes)
    {
        lock (_gate)
        {
            if (!HasSnapshot(keeper) || FindShown(inode) is not { } record || record.Kind != after.Kind) return false;
            if (_files.TryGetValue(inode, out OpenFile? file) && file.Writers > 0) return false;
            if (record.ShownContent?.Value is not { } shown || !(shown.Equals(before.Content) || shown.Equals(after.Content))) return false;
            var transaction = new Transaction(_store);
            var change = new LocalChange(transaction, Now());
            if (!shown.Equals(after.Content)) change.Write(inode, shown, after.Content!.WithModifyTime(after.ModifyTime));
            change.SetAttributes(inode, after.Attributes with { ModifyTime = after.ModifyTime });
            Commit(transaction);
            changes.Add(new CommittedChange([], [inode]));
            return true;
        }
    }

    /// <summary>Unlinks a file of a snapshot that has still this content; EBUSY when it is being written, or is not what it was: no snapshot has that.</summary>
    internal Errno RemoveUnchanged(InodeId parent, SnapshotEntry entry, ContentValue? content)
    {
        lock (_gate)
        {
            if (FindChild(parent, entry.Name) is not { } inode || FindShown(inode) is not { } record) return Errno.ENOENT;
            bool isWritten = _files.TryGetValue(inode, out OpenFile? file) && (file.Writers > 0 || file.IsDirty);
            bool isSame = record.Id == entry.Node && Equals(record.ShownContent?.Value, content);
            return isWritten || !isSame ? Errno.EBUSY : Unlink(parent, entry.Name.Span);
        }
    }

    internal void RestoreAttributes(InodeId inode, AttributeValue attributes, List<CommittedChange> changes)
    {
        lock (_gate)
        {
            if (FindShown(inode) is null) return;
            var transaction = new Transaction(_store);
            new LocalChange(transaction, Now()).SetAttributes(inode, attributes);
            Commit(transaction);
            changes.Add(new CommittedChange([], [inode]));
        }
    }

    /// <summary>Whether a snapshot is there, which keeps its content from being collected until a row has it; true when there is none to ask for.</summary>
    internal bool HasSnapshot(SnapshotReference? keeper) =>
        keeper is null || FindSnapshot(keeper.Name)?.Key == keeper.Key || ListSnapshots().Any(snapshot => snapshot.Key == keeper.Key);

    /// <summary>What a name shows in a directory, or null.</summary>
    internal InodeId? FindChild(InodeId directory, FileName name)
    {
        lock (_gate)
        {
            ShownName shown = new Transaction(_store).Resolve(directory, name);
            return shown.IsNothing ? null : shown.Primary.Inode;
        }
    }

    internal bool HasOtherNames(InodeId inode)
    {
        lock (_gate) return _store.Read(inode) is { } record && record.LiveLinks.Count() > 1;
    }

    /// <summary>Tells unfinished copies of directories from each other, also those of earlier starts.</summary>
    internal uint NextRestoreNumber()
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        _options.Entropy.Fill(number);
        return BitConverter.ToUInt32(number);
    }

    private static SnapshotEntry RootEntry(Snapshot snapshot, FileName name) => new()
    {
        Name = name,
        Node = NodeId.Root,
        Kind = NodeKind.Directory,
        ModifyTime = snapshot.Description.ModifyTime,
        Attributes = snapshot.Description.Attributes,
        Directory = snapshot.Description.Directory,
    };
}
