using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Snapshots by name: a row for each, name → key and time.
public sealed partial class Volume
{
    /// <summary>Held from the first chunk of a snapshot to the row that names it.</summary>
    private readonly SemaphoreSlim _snapshotting = new(1, 1);

    /// <summary>What this node vouched for when the snapshot that is being written began; null when there is none. Guarded by the gate.</summary>
    private Knowledge? _snapshotKnowledge;
    private SnapshotReader? _snapshotReader;

    internal SnapshotReader SnapshotReader => LazyInitializer.EnsureInitialized(ref _snapshotReader, () => new SnapshotReader(_options.Chunks))!;

    /// <summary>
    /// Freezes the whole shown tree, with what is written but not closed, and returns when the snapshot is durable.
    /// </summary>
    public async Task<Errno> TakeSnapshotAsync(FileName name, CancellationToken cancel)
    {
        if (Failure is not null) return Errno.EROFS;
        await _snapshotting.WaitAsync(cancel);
        try
        {
            // Until a row names the snapshot, and members are told of it with what is vouched for next, nothing that replaced what is in it is vouched for.
            lock (_gate) _snapshotKnowledge = Vouched();
            return await WriteSnapshotAsync(name, cancel);
        }
        finally
        {
            lock (_gate) _snapshotKnowledge = null;
            _snapshotting.Release();
        }
    }

    private async Task<Errno> WriteSnapshotAsync(FileName name, CancellationToken cancel)
    {
        if (FindSnapshot(name) is not null) return Errno.EEXIST;
        if (ListSnapshots().Count >= SnapshotLimits.SnapshotsMax) return Errno.EDQUOT;
        Dictionary<InodeId, WorkingContent> unpublished = await SaveOpenFilesAsync(cancel);
        UnixTime taken = Now();
        SnapshotKey key;
        uint oldestEpoch;
        using (IMetadataSnapshot view = _options.Metadata.Snapshot())
        {
            var source = new LiveSnapshotSource(Id, _store.Freeze(view), taken, unpublished, ShownAttributes, _options.Blobs.Chunks.Current);
            key = await new SnapshotWriter(_options.Chunks).WriteAsync(source, cancel);
            oldestEpoch = source.OldestKeyEpoch;
        }

        await SyncContentAsync(cancel);
        lock (_gate)
        {
            if (FindSnapshot(name) is not null) return Errno.EEXIST;
            var batch = new MetadataBatch();
            batch.Put(SnapshotRowKey(name), new SnapshotReference(name, key, taken, oldestEpoch).Encode());
            MemberSnapshots.NoteChange(batch, _store.Tables, taken);
            Guarded(() => _store.Commit(batch));
        }

        await SyncAsync(cancel);
        return Errno.OK;
    }

    /// <summary>Forgets a snapshot. Its content goes with the next garbage collection.</summary>
    public Errno RemoveSnapshot(FileName name)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            if (FindSnapshot(name) is null) return Errno.ENOENT;

            // What was copied from a snapshot is kept by nothing else until the copy is closed.
            if (_files.Values.Concat(_unlinked.Values).Any(static file => file.IsCopiedFromSnapshot)) return Errno.EBUSY;
            var batch = new MetadataBatch();
            batch.Delete(SnapshotRowKey(name));
            MemberSnapshots.NoteChange(batch, _store.Tables, Now());
            Guarded(() => _store.Commit(batch));
            return Errno.OK;
        }
    }

    public Errno RenameSnapshot(FileName name, FileName newName)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            if (FindSnapshot(name) is not { } found) return Errno.ENOENT;
            if (FindSnapshot(newName) is not null) return Errno.EEXIST;
            var batch = new MetadataBatch();
            batch.Delete(SnapshotRowKey(name));
            batch.Put(SnapshotRowKey(newName), (found with { Name = newName }).Encode());
            Guarded(() => _store.Commit(batch));
            return Errno.OK;
        }
    }

    /// <summary>All snapshots in the order of their names.</summary>
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

    private async Task<Dictionary<InodeId, WorkingContent>> SaveOpenFilesAsync(CancellationToken cancel)
    {
        var saved = new Dictionary<InodeId, WorkingContent>();
        List<OpenFile> files = PinOpenFiles(file => file.IsDirty);
        try
        {
            foreach (OpenFile file in files)
            {
                if (await SaveWorkingAsync(file, cancel) is { } value) saved[file.Inode] = new WorkingContent(value, file.Seen);
            }
        }
        finally
        {
            foreach (OpenFile file in files) await ReleaseAsync(file, isWriter: false);
        }

        return saved;
    }

    private byte[] SnapshotRowKey(FileName name) =>
        _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Add(name.Span).Bytes.ToArray();
}
