using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Snapshots by name: a row for each, name → key and time.
public sealed partial class Volume
{
    /// <summary>Held from the first chunk of a snapshot to the row that names it.</summary>
    private readonly SemaphoreSlim _snapshotting = new(1, 1);

    /// <summary>What this node vouched for when the snapshot that is being written began; null when there is none. Guarded by the gate.</summary>
    private Knowledge? _snapshotKnowledge;
    private readonly ContentPause _contentPause = new();

    /// <summary>How long changes of content are held up for a snapshot at first; storing what was written last takes some tens of milliseconds.</summary>
    private static readonly TimeSpan FirstPauseLimit = TimeSpan.FromMilliseconds(500);
    private SnapshotReader? _snapshotReader;

    internal SnapshotReader SnapshotReader => LazyInitializer.EnsureInitialized(ref _snapshotReader, () => new SnapshotReader(_options.Chunks))!;

    /// <summary>As <see cref="TakeSnapshotAsync(FileName, SnapshotOrigin, bool, CancellationToken)"/>, for somebody.</summary>
    public async Task<Errno> TakeSnapshotAsync(FileName name, CancellationToken cancel) =>
        (await TakeSnapshotAsync(name, SnapshotOrigin.Person, skipUnchanged: false, cancel)).Error;

    /// <summary>
    /// Freezes the whole shown tree, with what is written but not closed, as it is at one moment, and returns when the snapshot is
    /// durable. Lists only directories in or below which something changed since the snapshot before.
    /// </summary>
    /// <param name="name">A free name.</param>
    /// <param name="origin">Who wants it.</param>
    /// <param name="skipUnchanged">Take none when it would be like the newest one.</param>
    /// <param name="cancel">Gives up; nothing is left.</param>
    public async Task<SnapshotOutcome> TakeSnapshotAsync(FileName name, SnapshotOrigin origin, bool skipUnchanged, CancellationToken cancel)
    {
        if (Failure is not null) return new SnapshotOutcome(Errno.EROFS, null, 0, 0);
        if (FindSnapshot(name) is not null) return new SnapshotOutcome(Errno.EEXIST, null, 0, 0);
        if (ListSnapshots().Count >= SnapshotLimits.SnapshotsMax) return new SnapshotOutcome(Errno.EDQUOT, null, 0, 0);
        await EnterSnapshotAsync(cancel);
        try
        {
            (SnapshotKey key, LiveSnapshotSource source) = await WriteTreeAsync(isKept: true, isWhole: origin != SnapshotOrigin.Schedule, cancel);
            if (skipUnchanged && await IsLikeNewestAsync(key, cancel)) return new SnapshotOutcome(Errno.OK, null, source.ListedDirectories, source.ListedNames);
            await SyncContentAsync(cancel);
            var reference = new SnapshotReference(name, key, source.Taken, source.OldestKeyEpoch, origin);
            Errno error = AddReference(reference, source);
            if (error != Errno.OK) return new SnapshotOutcome(error, null, source.ListedDirectories, source.ListedNames);
            await SyncAsync(cancel);
            return new SnapshotOutcome(Errno.OK, reference, source.ListedDirectories, source.ListedNames);
        }
        finally
        {
            ExitSnapshot();
        }
    }

    /// <summary>
    /// Writes the present tree like a snapshot, without a name: nothing keeps it from the second collection of garbage from now. For comparing.
    /// </summary>
    /// <exception cref="MetadataException">The volume is read-only after a failure.</exception>
    public async Task<Snapshot> FreezeAsync(CancellationToken cancel)
    {
        if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
        await EnterSnapshotAsync(cancel);
        try
        {
            (SnapshotKey key, _) = await WriteTreeAsync(isKept: false, isWhole: false, cancel);
            return await SnapshotReader.OpenAsync(key, cancel);
        }
        finally
        {
            ExitSnapshot();
        }
    }

    private async Task EnterSnapshotAsync(CancellationToken cancel)
    {
        await _snapshotting.WaitAsync(cancel);

        // Until a row names the snapshot, and members are told of it with what is vouched for next, nothing that replaced what is in it is vouched for.
        lock (_gate) _snapshotKnowledge = Vouched();
    }

    private void ExitSnapshot()
    {
        lock (_gate)
        {
            _snapshotKnowledge = null;
            _store.Frozen.End();
        }

        _snapshotting.Release();
    }

    private async Task<(SnapshotKey Key, LiveSnapshotSource Source)> WriteTreeAsync(bool isKept, bool isWhole, CancellationToken cancel)
    {
        using FrozenView frozen = await FreezeViewAsync(isKept, isWhole, cancel);
        var source = new LiveSnapshotSource(Id, _store.Freeze(frozen.View), frozen.Taken, frozen.Unpublished, ShownAttributes, _options.Blobs.Chunks.Current);
        return (await new SnapshotWriter(_options.Chunks).WriteAsync(source, cancel), source);
    }

    /// <summary>Takes the view of one moment. Programs wait with their writes only while what they have just written is stored.</summary>
    /// <param name="isKept">It gets a name.</param>
    /// <param name="isWhole">Fails when something that was written cannot be stored; otherwise the file is as it was before that.</param>
    /// <param name="cancel">Gives up.</param>
    private async Task<FrozenView> FreezeViewAsync(bool isKept, bool isWhole, CancellationToken cancel)
    {
        for (TimeSpan limit = FirstPauseLimit; ; limit *= 2)
        {
            await SaveOpenFilesAsync(isWhole, cancel);
            long begun = _options.Clock.GetTimestamp();
            using var hurry = new CancellationTokenSource(limit, _options.Clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, hurry.Token);
            try
            {
                return await PauseAndFreezeAsync(isKept, isWhole, either.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // One change waits for content that is far away. All others go on for as long as they have waited, and then it is tried for longer.
                await Task.Delay(_options.Clock.GetElapsedTime(begun), _options.Clock, cancel);
            }
        }
    }

    private async Task<FrozenView> PauseAndFreezeAsync(bool isKept, bool isWhole, CancellationToken cancel)
    {
        await _contentPause.PauseAsync(cancel);
        try
        {
            Dictionary<InodeId, WorkingContent> unpublished = await LookAtOpenFilesAsync(isWhole, cancel);
            lock (_gate)
            {
                // What is written and not closed is in the snapshot, but not in the tree: what shows it is not as the snapshot has it.
                _store.Frozen.Begin(isKept);
                var transaction = new Transaction(_store);
                foreach (InodeId inode in unpublished.Keys) transaction.ForgetFrozenAround(inode);
                if (transaction.Batch.Count > 0) Guarded(() => _store.Commit(transaction.Batch));
                return new FrozenView(_options.Metadata.Snapshot(), Now(), unpublished);
            }
        }
        finally
        {
            _contentPause.Resume();
        }
    }

    private async Task<Dictionary<InodeId, WorkingContent>> LookAtOpenFilesAsync(bool isWhole, CancellationToken cancel)
    {
        var found = new Dictionary<InodeId, WorkingContent>();
        List<OpenFile> files = PinOpenFiles(file => file.IsDirty);
        try
        {
            foreach (OpenFile file in files)
            {
                await file.Gate.WaitAsync(cancel);
                try
                {
                    if (file.IsDirty && file.Unlinked is null) found[file.Inode] = new WorkingContent(await file.LookAsync(cancel), file.Seen);
                }
                catch (StoreException e) when (!isWhole && IsUnreadable(file, e))
                {
                    _failures.Failed($"volume {Name}: {TextOf(file.Inode)} is in the snapshot as it was before it was written to, for what was written cannot be stored yet", e);
                }
                finally
                {
                    file.Gate.Release();
                }
            }
        }
        finally
        {
            foreach (OpenFile file in files) await ReleaseAsync(file, isWriter: false);
        }

        return found;
    }

    private async Task<bool> IsLikeNewestAsync(SnapshotKey key, CancellationToken cancel)
    {
        if (ListSnapshots().MaxBy(static snapshot => snapshot.Taken) is not { } newest) return false;
        SnapshotRoot before, now = (await SnapshotReader.OpenAsync(key, cancel)).Description;
        try
        {
            before = (await SnapshotReader.OpenAsync(newest.Key, cancel)).Description;
        }
        catch (Exception e) when (e is StoreException or WireFormatException)
        {
            // One that is damaged or out of reach is no reason to go without another.
            return false;
        }

        return now.Directory == before.Directory && now.Attributes == before.Attributes && now.ModifyTime == before.ModifyTime;
    }

    /// <summary>Writes the row that names a snapshot, and then, in bounded batches, what the next one can take over.</summary>
    private Errno AddReference(SnapshotReference reference, LiveSnapshotSource source)
    {
        FrozenDirectories frozen = _store.Frozen;
        lock (_gate)
        {
            if (FindSnapshot(reference.Name) is not null) return Errno.EEXIST;
            var batch = new MetadataBatch();
            batch.Put(SnapshotRowKey(reference.Name), reference.Encode());
            if (!source.IsKept) frozen.ForgetAll(batch);
            else frozen.SetBase(batch, reference.Key);
            CommitSnapshots(batch, reference.Taken);
        }

        for (int from = 0; from < source.Written.Length; from += SnapshotLimits.FrozenDirectoriesBatch)
        {
            lock (_gate)
            {
                var batch = new MetadataBatch();
                frozen.Keep(batch, source.Written[from..Math.Min(source.Written.Length, from + SnapshotLimits.FrozenDirectoriesBatch)]);
                if (batch.Count > 0) Guarded(() => _store.Commit(batch));
            }
        }

        return Errno.OK;
    }

    /// <summary>Commits a change to the list of snapshots, and tells members of it. Under the gate.</summary>
    private void CommitSnapshots(MetadataBatch batch, UnixTime now)
    {
        MemberSnapshots.NoteChange(batch, _store.Tables, now);
        Guarded(() => _store.Commit(batch));
        _revision++;
        RowsChanged?.Invoke();
    }

    /// <summary>Forgets a snapshot. Its content goes with the next garbage collection.</summary>
    public Errno RemoveSnapshot(FileName name)
    {
        if (Failure is not null) return Errno.EROFS;
        if (FindShownSnapshot(name) is { Member: not null }) return Errno.EPERM; // only who took it may
        lock (_gate)
        {
            if (FindSnapshot(name) is not { } found) return Errno.ENOENT;

            // A snapshot that is being written may take over what this one has.
            bool isBase = found.Key == _store.Frozen.Base;
            if (isBase && _snapshotKnowledge is not null) return Errno.EBUSY;

            // What was copied from a snapshot is kept by nothing else until the copy is closed.
            if (_files.Values.Concat(_unlinked.Values).Any(static file => file.IsCopiedFromSnapshot || file.Arriving.Exists(static copy => copy.IsFromSnapshot))) return Errno.EBUSY;
            var batch = new MetadataBatch();
            batch.Delete(SnapshotRowKey(name));
            if (isBase && ListSnapshots().Count(other => other.Key == found.Key) == 1) _store.Frozen.ForgetAll(batch);
            CommitSnapshots(batch, Now());
            return Errno.OK;
        }
    }

    /// <summary>Gives a snapshot another name. Whoever does so cares for it: the schedule does not remove it any more.</summary>
    public Errno RenameSnapshot(FileName name, FileName newName)
    {
        if (Failure is not null) return Errno.EROFS;
        if (FindShownSnapshot(name) is { Member: not null }) return Errno.EPERM; // only who took it may
        lock (_gate)
        {
            if (FindSnapshot(name) is not { } found) return Errno.ENOENT;
            if (FindSnapshot(newName) is not null) return Errno.EEXIST;
            var batch = new MetadataBatch();
            batch.Delete(SnapshotRowKey(name));
            batch.Put(SnapshotRowKey(newName), (found with { Name = newName, Origin = SnapshotOrigin.Person }).Encode());
            CommitSnapshots(batch, Now());
            return Errno.OK;
        }
    }

    /// <summary>The snapshots of this node in the order of their names.</summary>
    public IReadOnlyList<SnapshotReference> ListSnapshots()
    {
        var found = new List<SnapshotReference>();
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Bytes.ToArray();
        using IMetadataCursor cursor = _options.Metadata.ScanPrefix(prefix);
        while (cursor.MoveNext()) found.Add(SnapshotReference.Decode(FileName.Parse(cursor.Key[prefix.Length..]), cursor.Value));
        return found;
    }

    public SnapshotReference? FindSnapshot(FileName name)
    {
        byte[]? row = _options.Metadata.Get(SnapshotRowKey(name));
        return row is null ? null : SnapshotReference.Decode(name, row);
    }

    /// <summary>The names that lead from the root to a directory, or null when it is not shown.</summary>
    internal List<FileName>? PathOf(InodeId directory)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            var path = new List<FileName>();
            for (InodeId at = directory; at != InodeId.Root;)
            {
                if (transaction.Read(at) is not { } record || !transaction.IsShown(record)) return null;
                path.Add(record.Places()[0].Place.Name);
                at = transaction.ShownParent(at);
            }

            path.Reverse();
            return path;
        }
    }

    /// <summary>A chunk that a change stands on cannot be read: neither the disk is full nor is anything broken that other content needs.</summary>
    private static bool IsUnreadable(OpenFile file, StoreException reason) => file.CannotBeStored && !reason.IsDiskFull && !reason.IsBroken;

    private async Task SaveOpenFilesAsync(bool isWhole, CancellationToken cancel)
    {
        List<OpenFile> files = PinOpenFiles(file => file.IsDirty);
        try
        {
            foreach (OpenFile file in files)
            {
                try
                {
                    await SaveWorkingAsync(file, cancel);
                }
                catch (StoreException e) when (IsUnreadable(file, e))
                {
                    // One such file, for ever maybe, is no reason to have no snapshot of all others by the schedule. Somebody who takes one hears of it.
                    LogUnreadable(ContentUse.ChangeOf(file.Inode, 0), e);
                    if (isWhole) throw;
                }
            }
        }
        finally
        {
            foreach (OpenFile file in files) await ReleaseAsync(file, isWriter: false);
        }
    }

    private byte[] SnapshotRowKey(FileName name) =>
        _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Add(name.Span).Bytes.ToArray();
}
