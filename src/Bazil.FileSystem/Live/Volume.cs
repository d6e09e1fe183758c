using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// One volume on this machine: its live tree, open files, snapshots and synchronisation. All operations may be called
/// from any thread. A program sees it through <see cref="VolumeFileSystem"/>.
/// <para>Locks, in the order in which they may be taken: an <see cref="OpenFile"/>'s gate, then the volume's gate. The
/// volume's gate guards the store, the cache, the volume-wide values and the table of open files; nothing waits for the
/// network, the chunk store or a callback while holding it, but for a sync of the chunk store when undo rows have become far too many.</para>
/// </summary>
public sealed partial class Volume : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly VolumeOptions _options;
    private readonly VolumeStore _store;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _writeBack;
    private readonly Task _accounting;
    private readonly Task _settling;
    private readonly FailureLog _failures;
    private readonly Task _tidying;
    private string? _failure;
    private string? _damage;

    /// <summary>1 while a caller of <see cref="SyncRowsAsync"/> syncs by itself.</summary>
    private int _rowSyncs;

    /// <summary>Content could not be put since its store was last synced: whether the store still works, the next sync finds out.</summary>
    private volatile bool _hasFailedPut;

    private Volume(VolumeOptions options)
    {
        _failures = new FailureLog(options.Log, options.Clock);
        _waits = options.Reach is { } reach ? new ContentWaits(reach, options.Clock) : null;
        _unsynced = new UnsyncedChunks(Limits.UnsyncedChunksTarget, SettleSoon);
        _options = options = options with { Blobs = options.Blobs.Noting(_unsynced) };
        options.Keys?.Follow(KeyEpochList.Read(options.Metadata, options.LocalNumber), KeyEpochList.ReadEverKnown(options.Metadata, options.LocalNumber));
        RecoverUndo();
        _store = new VolumeStore(options.Metadata, options.LocalNumber, options.Entropy, options.Identity.PeerId) { CollectionGeneration = options.CollectionGeneration, KeepsTrash = () => options.Policy().TrashDays > 0 };
        FollowEpochs();
        _hadUnions = _store.State.Unions > 0;

        // Before the first change of this start, which puts the head of its own new replica id into the same row.
        SettleLastHead();
        RecoverWorkingContent();
        LoadHeldKnowledge();
        ForgetPending();
        ForgetOldStatements();
        WriteBackSoon();
        _accountSoon.Writer.TryWrite(true);
        _writeBack = options.Scheduler.RunAsync(WriteBackLoopAsync);
        _accounting = options.Scheduler.RunAsync(AccountLoopAsync);
        _settling = options.Scheduler.RunAsync(SettleLoopAsync);
        _tidying = options.Scheduler.RunAsync(TidyLoopAsync);
    }

    public string Name => _options.Name;

    public VolumeId Id => _options.Id;

    /// <summary>Files that programs have open in the mount, each handle counted.</summary>
    public int OpenFileCount => _handles.Count;

    internal uint OwnerId => _options.OwnerId;

    internal uint GroupId => _options.GroupId;

    internal BlobContext Blobs => _options.Blobs;

    /// <summary>Why the volume is read-only, or null. An I/O or sync error makes it so, until the daemon is restarted.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>What was read first of the database, since the volume was opened, that is no row of it; null when all was well.</summary>
    public string? Damage => Volatile.Read(ref _damage);

    /// <summary>Notes what a request failed with that has been answered with an error.</summary>
    public void NoteFailed(Exception reason)
    {
        if (reason is WireFormatException) Interlocked.CompareExchange(ref _damage, reason.Message, null);
    }

    /// <summary>
    /// Opens a volume whose rows exist: content that was synced but not closed before a crash becomes the file's
    /// content, and the next local change is written under a new replica id.
    /// </summary>
    /// <exception cref="WireFormatException">The rows are damaged or of a newer version.</exception>
    /// <exception cref="MetadataException">The database failed.</exception>
    public static Volume Open(VolumeOptions options) => new(options);

    /// <summary>
    /// Writes the first rows of a volume into a batch: an empty root. For a volume created here this node becomes its
    /// first member; for one of a peer the members come with the first pull.
    /// </summary>
    public static void Create(VolumeOptions options, bool isOwn)
    {
        var store = new VolumeStore(options.Metadata, options.LocalNumber, options.Entropy, options.Identity.PeerId);
        var transaction = new Transaction(store);
        if (transaction.Read(InodeId.Root) is not null) throw new InvalidOperationException($"volume {options.Name} has rows already");
        UnixTime now = UnixTime.Now(options.Clock);
        NodeRecord root = transaction.Add(NodeId.Root, NodeKind.Directory);
        root.AccessTime = root.ChangeTime = root.DirectoryTime = now;
        if (isOwn) new LocalChange(transaction, now).AddMember(store.Self);
        store.Accounts.SetComplete(transaction.Batch);
        transaction.Commit();
        options.Metadata.Sync();
    }

    /// <summary>Deletes all rows of a volume. Its content stays in the stores.</summary>
    public static void Delete(IMetadataStore metadata, uint localNumber)
    {
        var batch = new MetadataBatch();
        byte[] key = new byte[MetadataKey.MaxSize];
        foreach (Table table in VolumeTables.All) batch.DeletePrefix(new MetadataKey(key, table).Add(localNumber).Bytes);

        metadata.Commit(batch);
        metadata.Sync();
    }

    /// <summary>On return, all content that was sealed before the call survives power loss.</summary>
    internal async ValueTask SyncContentAsync(CancellationToken cancel)
    {
        UnsyncedMarks marks = MarkUnsynced();
        await SyncChunksAsync(cancel);
        NoteSynced(marks);
    }

    /// <summary>As <see cref="SyncAsync"/>, with what is written to files that are still open.</summary>
    internal async Task SyncAllAsync(CancellationToken cancel)
    {
        await SaveOpenFilesAsync(isWhole: true, cancel);
        await SyncAsync(cancel);
    }

    /// <summary>On return, everything that was closed, fsynced or renamed before the call survives power loss.</summary>
    public async Task SyncAsync(CancellationToken cancel)
    {
        bool isContentSynced;
        lock (_gate) isContentSynced = !_store.Undo!.IsPending && !_hasFailedPut;
        if (isContentSynced)
        {
            await SyncRowsAsync();
            return;
        }

        // Both at once, for each waits for the disk: rows that get there before the content that they name are taken back by their undo rows.
        UnsyncedMarks marks = MarkUnsynced();
        await Task.WhenAll(
            _options.Scheduler.RunAsync(() => SyncChunksAsync(cancel)),
            _options.Scheduler.RunAsync(SyncRowsAsync));
        NoteSynced(marks);
    }

    /// <summary>
    /// Syncs the log alone. One caller at a time does it by itself, for handing it over takes as long as a fast disk; the others wait elsewhere, for
    /// the threads that serve the kernel are few, and the next sync is one for all of them.
    /// </summary>
    private async Task SyncRowsAsync()
    {
        if (Interlocked.Exchange(ref _rowSyncs, 1) != 0)
        {
            await _options.Scheduler.RunAsync(() =>
            {
                Guarded(() => _options.Metadata.Sync());
                return Task.CompletedTask;
            });
            return;
        }

        try
        {
            Guarded(() => _options.Metadata.Sync());
        }
        finally
        {
            Volatile.Write(ref _rowSyncs, 0);
        }
    }

    /// <summary>The file's content, all of it in the store.</summary>
    private async ValueTask<ContentValue> SaveAsync(OpenFile file, CancellationToken cancel)
    {
        try
        {
            return await file.SaveAsync(cancel);
        }
        catch (StoreException e) when (!e.IsDiskFull)
        {
            _hasFailedPut = true;
            throw;
        }
    }

    private async Task SyncChunksAsync(CancellationToken cancel)
    {
        try
        {
            _hasFailedPut = false;
            await _options.Chunks.SyncAsync(cancel);
        }
        catch (StoreException e) when (e.IsBroken)
        {
            Fail(e);
            throw;
        }
    }

    private UnsyncedMarks MarkUnsynced()
    {
        lock (_gate) return new UnsyncedMarks(_store.Undo!.Mark, _unsynced.Mark());
    }

    private void NoteSynced(UnsyncedMarks marks)
    {
        _unsynced.Synced(marks.Chunks);
        lock (_gate)
        {
            if (Failure is null) Guarded(() => _store.Undo!.ContentSynced(marks.Undo));
        }
    }

    public async ValueTask DisposeAsync()
    {
        StopBackground();
        await _writeBack;
        await _accounting;
        await _settling;
        await _tidying;
        foreach (OpenFile file in PinOpenFiles(_ => true)) await CloseAtShutdownAsync(file);
        await SyncAsync(CancellationToken.None);
        lock (_gate) Guarded(SaveUsesHeld);
        Guarded(() => _options.Metadata.Sync()); // that no undo rows are needed any more
        _closing.Dispose();
    }

    /// <summary>Tells the loops to end, here and now: they go on where they run, not on any thread.</summary>
    private void StopBackground() => _closing.Cancel();

    /// <summary>Content of closed files that a power cut kept from the disk is taken back, with what was changed after it.</summary>
    private void RecoverUndo()
    {
        var tables = new VolumeTables(_options.Metadata, _options.LocalNumber);
        int count = Task.Run(() => UndoRecovery.RunAsync(_options.Metadata, tables, _options.Chunks)).GetAwaiter().GetResult();
        if (count > 0) _options.Log($"volume {Name}: the last {count} changes before the power failed were taken back, for their content had not reached the disk", null);
    }

    private UnixTime Now() => UnixTime.Now(_options.Clock);

    /// <summary>Runs a change under the gate. Any failure of the database stops all further changes.</summary>
    private CommittedChange Commit(Transaction transaction, bool isRemoval = false)
    {
        // After a failure the values in memory may be ahead of the rows.
        if (Failure is { } failure) throw new MetadataException($"volume {Name} is read-only: {failure}");
        try
        {
            SettleLongUndo(isRemoval);
        }
        catch (Exception)
        {
            transaction.Abandon();
            throw;
        }

        CommittedChange? change = null;
        bool changesEpochs = transaction.IsEdited(Transaction.EpochsInode);
        if (changesEpochs) RememberEpochs(transaction);
        try
        {
            Guarded(() => change = transaction.Commit());
        }
        catch (SyncException)
        {
            transaction.Abandon();
            throw;
        }

        if (_store.State.Unions > 0) _hadUnions = true;
        if (changesEpochs) FollowEpochs();
        if (_store.Undo!.IsLong) SettleSoon();
        _accountSoon.Writer.TryWrite(true);
        Interlocked.Increment(ref _rowChanges);
        RowsChanged?.Invoke();
        return change!;
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
            WriteBackSoon();
        }
        catch (Exception e) when (e is MetadataException or InvariantException or WireFormatException)
        {
            // Where a damaged row was met in the middle of a change, the values in memory may be ahead of the rows, as after a failure.
            NoteFailed(e);
            Fail(e);
            throw;
        }
    }

    /// <summary>Stops all changes until the daemon is started again.</summary>
    private void Fail(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _failure, reason.Message, null) is not null) return;
        _options.Log($"volume {Name} is read-only now: {reason.Message}", reason);
    }

    /// <summary>What a sync of the content that begins now will cover.</summary>
    private readonly record struct UnsyncedMarks(ulong Undo, ulong Chunks);
}
