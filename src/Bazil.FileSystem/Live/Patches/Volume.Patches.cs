using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Live;

// Small synced writes (docs/decisions/0006): the bytes go into rows beside the file's Working row, which one sync of the log makes durable. The
// content is sealed and published when the file has been quiet for a second or so, with all that was synced, or when that gets too much. Until
// then the file stays open, by one writer of our own.
public sealed partial class Volume
{
    /// <summary>So many files that are to be forgotten are not left to the next second: they have memory of the dirty budget.</summary>
    private const int OrphanedMax = 16;
    private static readonly TimeSpan PatchRoomInterval = TimeSpan.FromSeconds(1);

    /// <summary>Used again for each patch, which is large. Guarded by the gate.</summary>
    private readonly MetadataBatch _patchBatch = new();
    private readonly WireWriter _patchWriter = new();

    /// <summary>Files that are held open until what was synced of them is published. Guarded by the gate.</summary>
    private readonly HashSet<OpenFile> _patched = [];

    /// <summary>Files whose patches wait for the next start, because what they stand on could not be read. Guarded by the gate.</summary>
    private readonly HashSet<InodeId> _unrecovered = [];

    /// <summary>Files that were held open and lost their last name and handle. Guarded by the gate.</summary>
    private readonly List<OpenFile> _orphaned = [];

    /// <summary>One round of publishing at a time. Before the gates of files.</summary>
    private readonly SemaphoreSlim _settlingPatches = new(1, 1);

    /// <summary>Files that are kept open until small changes of them, which are synced already, are published.</summary>
    public int PatchedFileCount
    {
        get
        {
            lock (_gate) return _patched.Count;
        }
    }

    // What the disk had left when it was last asked. Guarded by the gate.
    private long _patchRoom;
    private long _patchRoomAt = long.MinValue;

    /// <summary>Makes sure that the rows have what was written to a file: as a patch if it is little, else by publishing it. Under the file's gate.</summary>
    private async ValueTask SaveChangesAsync(OpenFile file, CancellationToken cancel)
    {
        if (file.IsDirty && !await TryPatchAsync(file, cancel)) await PublishAsync(file, cancel);
    }

    /// <summary>As <see cref="SaveChangesAsync"/> at a close: only a file with synced changes waits to be published. Under the file's gate.</summary>
    private ValueTask SaveAtCloseAsync(OpenFile file, CancellationToken cancel)
    {
        bool isHeld;
        lock (_gate) isHeld = _patched.Contains(file);
        return isHeld ? SaveChangesAsync(file, cancel) : PublishOrPatchAsync(file, cancel);
    }

    /// <summary>
    /// Publishes; when the content cannot be stored, because a chunk below a small write cannot be read, say, keeps what was written in rows until it can:
    /// it is nobody's fault who wrote to the other chunks. Under the file's gate.
    /// </summary>
    private async ValueTask PublishOrPatchAsync(OpenFile file, CancellationToken cancel)
    {
        try
        {
            await PublishAsync(file, cancel);
        }
        catch (StoreException e) when (IsUnreadable(file, e))
        {
            if (!await TryPatchAsync(file, cancel)) throw;
            _failures.Failed($"volume {Name}: what was written to inode {file.Inode} waits in the metadata until it can be stored", e);
        }
    }

    private async ValueTask<bool> TryPatchAsync(OpenFile file, CancellationToken cancel)
    {
        if (file.IsPatched && Failure is null) return true;
        lock (_gate)
        {
            if (!MayPatch(file)) return false;
        }

        ContentPatch patch = await file.MakePatchAsync(cancel);
        lock (_gate)
        {
            if (!MayPatch(file) || !HasPatchRoom(file.NextPatchBytes)) return false;

            // Before anything counts as written: it may find that there is no room.
            SettleLongUndo(isRemoval: false);
            patch = patch with { ModifyTime = file.ModifyTime }; // a program may have set it meanwhile
            MetadataBatch batch = _patchBatch;
            batch.Clear();
            if (!file.HasWorkingBase)
            {
                // What a recovery that failed has left is of older content.
                if (file.HasWorkingRow) PatchRows.DeleteAll(batch, _store.Tables, file.Inode);
                batch.Put(WorkingKey(file.Inode), new WorkingContent(file.Base, file.Seen).Encode());
            }

            AddPatch(batch, file, patch, file.NextPatchBytes, isNew: true);
            Guarded(() => _store.Commit(batch));
            if (_store.Undo!.IsLong) SettleSoon();
            file.InRows();
            if (_patched.Add(file))
            {
                file.Handles++;
                file.Writers++;
            }

            return true;
        }
    }

    /// <summary>Adds the row of a patch. Under the gate.</summary>
    private void AddPatch(MetadataBatch batch, OpenFile file, ContentPatch patch, long bytes, bool isNew)
    {
        byte[] key = PatchRows.KeyOf(_store.Tables, file.Inode, file.PatchCount);
        if (file.HasWorkingBase && isNew) _store.Undo!.NoteNew(key);
        patch.Encode(_patchWriter);
        batch.Put(key, _patchWriter.Span);
        file.Patched(patch, bytes, _options.Clock.GetTimestamp());
    }

    /// <summary>Adds to a batch that sets the times of a file what makes them outlive its patches. Under the gate.</summary>
    private void PatchTimes(MetadataBatch batch, OpenFile? file)
    {
        if (file is not { PatchCount: > 0, Unlinked: null }) return;
        bool isNew = !file.EndsWithTimes;
        if (!isNew) file.TakeBackTimes(); // its row is written again
        AddPatch(batch, file, new ContentPatch(file.PatchedSizeBytes, file.PatchedSizeBytes, file.ModifyTime, []), Limits.PatchRowBytes, isNew);
    }

    /// <summary>A time of access that waits to be published has no place in a patch. Under the file's gate and the volume's.</summary>
    private bool MayPatch(OpenFile file)
    {
        if (Failure is not null || file.Unlinked is not null || file.CopiedKnowledge is not null || file.AccessTime is not null || !file.MayBePatched || _store.Read(file.Inode) is null) return false;
        if (file.PatchCount > 0 && !file.CannotBeStored && _options.Clock.GetElapsedTime(file.PatchedSince) > Limits.PatchAgeMax) return false;
        long bytes = file.NextPatchBytes;
        return file.PatchBytes + bytes <= Limits.PatchedFileBytesMax
            && _patched.Sum(static other => other.PatchBytes) + bytes <= Limits.PatchedBytesMax
            && (_patched.Count < Limits.PatchedFilesMax || _patched.Contains(file));
    }

    /// <summary>Rows may use the space that content must leave to them, so a patch asks as content does. Under the gate.</summary>
    private bool HasPatchRoom(long bytes)
    {
        if (_patchRoomAt == long.MinValue || _patchRoom < bytes || _options.Clock.GetElapsedTime(_patchRoomAt) > PatchRoomInterval)
        {
            FuseStatFs space = _options.Statistics();
            _patchRoom = space.Blocks == 0 ? long.MaxValue : (long)space.BlocksAvailable * space.FragmentSize;
            _patchRoomAt = _options.Clock.GetTimestamp();
        }

        if (_patchRoom < bytes) return false;
        _patchRoom -= bytes;
        return true;
    }

    /// <summary>Publishes the files that are held open as they were last synced or closed, and lets go of those that have nothing to publish.</summary>
    internal Task SettlePatchesAsync(CancellationToken cancel) => SettlePatchesAsync(static _ => true, cancel);

    /// <summary>The same for those that are quiet, or have waited long: a program that goes on syncing would have all its chunks sealed each second.</summary>
    private Task SettleQuietPatchesAsync(CancellationToken cancel) => SettlePatchesAsync(
        file => file.Writers == 1
            || _options.Clock.GetElapsedTime(file.PatchedLast) >= Limits.PatchQuietMin
            || _options.Clock.GetElapsedTime(file.PatchedSince) > Limits.PatchAgeMax,
        cancel);

    private async Task SettlePatchesAsync(Func<OpenFile, bool> fits, CancellationToken cancel)
    {
        await _settlingPatches.WaitAsync(CancellationToken.None);
        try
        {
            await ForgetOrphanedAsync(cancel);
            OpenFile[] held;
            lock (_gate) held = [.. _patched.Where(fits)];
            foreach (OpenFile file in held)
            {
                try
                {
                    await SettlePatchesAsync(file, cancel);
                }
                catch (Exception e) when (e is IOException)
                {
                    // It is in the rows and in memory, and tried again.
                    _failures.Failed($"volume {Name}: what was synced of inode {file.Inode} could not be published yet", e);
                }
            }
        }
        finally
        {
            _settlingPatches.Release();
        }
    }

    private async Task ForgetOrphanedAsync(CancellationToken cancel)
    {
        OpenFile[] orphaned;
        lock (_gate)
        {
            orphaned = [.. _orphaned];
            _orphaned.Clear();
        }

        foreach (OpenFile file in orphaned) await file.DisposeAsync();
    }

    private async Task SettlePatchesAsync(OpenFile file, CancellationToken cancel)
    {
        await file.Gate.WaitAsync(cancel);
        try
        {
            bool isClosed;
            lock (_gate) isClosed = file.Writers == 1;
            if (file.IsDirty && file.Unlinked is null && (file.IsInRows || isClosed))
            {
                // Synced before it is named: no row that tells how to take it back, and nobody's fsync has to wait for it.
                if (file.HasStoredContent)
                {
                    await file.LookAsync(cancel);
                    await SyncContentAsync(cancel);
                }

                await PublishAsync(file, cancel);
            }

            lock (_gate)
            {
                bool isGone = file.Unlinked is null && _store.Read(file.Inode) is null;
                if (file.IsDirty && file.Unlinked is null && !isGone) return;
                if (isGone && Failure is null) Guarded(() => _store.Commit(WithoutWorking(file)));
                if (!_patched.Remove(file)) return;
            }
        }
        finally
        {
            file.Gate.Release();
        }

        await ReleaseAsync(file, isWriter: true);
    }

    /// <summary>A batch that deletes what the rows have of a file beside its record. Under the gate.</summary>
    private MetadataBatch WithoutWorking(OpenFile file)
    {
        var batch = new MetadataBatch();
        DeleteWorking(batch, file);
        file.DropPatches();
        return batch;
    }

    /// <summary>Deletes what the rows have of a file's content beside its record. Under the gate.</summary>
    private void DeleteWorking(MetadataBatch batch, OpenFile file)
    {
        batch.Delete(WorkingKey(file.Inode));
        DeletePatches(batch, file);
    }

    /// <summary>Deletes the patches of a file from the rows. Under the gate.</summary>
    private void DeletePatches(MetadataBatch batch, OpenFile file)
    {
        for (int number = 0; number < file.PatchCount; number++) batch.Delete(PatchRows.KeyOf(_store.Tables, file.Inode, number));
        if (file is { HasWorkingRow: true, HasWorkingBase: false }) PatchRows.DeleteAll(batch, _store.Tables, file.Inode);
    }

    /// <summary>A file that is held open lost its last name: nothing of it is published any more. True when nobody else has it open. Under the gate.</summary>
    private bool LetGoUnlinked(OpenFile file)
    {
        file.DropPatches();
        if (!_patched.Remove(file)) return false;
        file.Writers--;
        if (--file.Handles > 0) return false;
        _orphaned.Add(file);
        if (_orphaned.Count >= OrphanedMax) SettleSoon();
        return true;
    }

    /// <summary>Deletes what waits in the rows for a start at which the content below it can be read. Under the gate.</summary>
    private void DeleteUnrecovered(MetadataBatch batch, InodeId inode)
    {
        batch.Delete(WorkingKey(inode));
        PatchRows.DeleteAll(batch, _store.Tables, inode);
    }

    /// <summary>Opens a file again as it was synced before the daemon died; it is published like others. Before anyone has the volume.</summary>
    private void RecoverPatched(NodeRecord record, WorkingContent working, List<ContentPatch> patches)
    {
        var file = OpenFile.Recover(record, working, _options.Blobs);
        try
        {
            Task.Run(async () =>
            {
                foreach (ContentPatch patch in patches) await file.ApplyAsync(patch, _options.Clock.GetTimestamp(), CancellationToken.None);
            }).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is StoreException)
        {
            _options.Log($"volume {Name}: what was synced last of inode {file.Inode} waits for the next start, for the content below it cannot be read: {e.Message}", e);
            Task.Run(() => file.DisposeAsync().AsTask()).GetAwaiter().GetResult();
            _unrecovered.Add(record.Inode);
            return;
        }

        file.SeenKnowledge = _store.State.Knowledge;
        file.Dirtied = WriteBackSoon;
        file.Handles = file.Writers = 1;
        _files.Add(file.Inode, file);
        _patched.Add(file);
    }
}
