using System.Threading.Channels;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Live;

// Without fsync at most about a second of work is lost: content of files that stay open is saved to Working rows, and
// everything is synced, once a second while there is something to do. An idle volume wakes nobody.
public sealed partial class Volume
{
    private static readonly TimeSpan WriteBackInterval = TimeSpan.FromSeconds(1);

    /// <summary>Chunks of this volume that no sync covers.</summary>
    private readonly UnsyncedChunks _unsynced;

    /// <summary>Read by <see cref="SettleLoopAsync"/>; holds at most one request.</summary>
    private readonly Channel<bool> _settleSoon = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Read by <see cref="WriteBackLoopAsync"/>: rows were changed, or content in memory. Holds at most one request.</summary>
    private readonly Channel<bool> _writeBackSoon = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private async Task WriteBackLoopAsync()
    {
        try
        {
            while (true)
            {
                await _writeBackSoon.Reader.ReadAsync(_closing.Token);
                do
                {
                    await Task.Delay(WriteBackInterval, _options.Clock, _closing.Token);
                    await TryAsync(WriteBackAsync);
                }
                while (HasWriteBack());
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closing; DisposeAsync saves what is left.
        }
    }

    /// <summary>Asks for a turn of the write-back. Returns at once; may be called under any lock.</summary>
    private void WriteBackSoon() => _writeBackSoon.Writer.TryWrite(true);

    /// <summary>Whether the next second has something to do, as far as nothing more is changed: whoever changes something asks for a turn.</summary>
    private bool HasWriteBack()
    {
        lock (_gate)
        {
            return Failure is null && (_patched.Count > 0 || _orphaned.Count > 0 || _store.Undo!.IsPending || _unsynced.Count > Limits.UnsyncedChunksTarget
                || _files.Values.Any(static file => file is { IsDirty: true, HasUnsaved: true }));
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> step)
    {
        try
        {
            await step(_closing.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever it is, the next turn comes, and closing the volume saves what is left.
            _failures.Failed($"volume {Name}: content could not be saved in the background", e);
        }
    }

    /// <summary>One turn: saves what has waited for a second, and syncs.</summary>
    internal async Task WriteBackAsync(CancellationToken cancel)
    {
        await SettleQuietPatchesAsync(cancel);
        long now = _options.Clock.GetTimestamp();
        foreach (OpenFile file in PinOpenFiles(file => file.IsDirtyFor(now, _options.Clock.TimestampFrequency)))
        {
            try
            {
                await SaveWorkingAsync(file, cancel);
            }
            catch (Exception e) when (e is IOException)
            {
                // The data stays dirty in memory and the next close or fsync reports the error.
                _failures.Failed($"volume {Name}: content of inode {file.Inode} could not be saved in the background", e);
            }
            finally
            {
                await ReleaseAsync(file, isWriter: false);
            }
        }

        await SettleUndoAsync(cancel);
    }

    /// <summary>Syncs the content as soon as much of it is unsynced, without waiting for the second to pass or for open files to be saved.</summary>
    private async Task SettleLoopAsync()
    {
        try
        {
            while (true)
            {
                await _settleSoon.Reader.ReadAsync(_closing.Token);
                await TryAsync(SettleUndoAsync);
                await TryAsync(ForgetOrphanedAsync);
                bool isLong;
                lock (_gate) isLong = _store.Undo!.IsLong;

                // A disk that cannot take it is not asked for each change.
                if (isLong) await Task.Delay(WriteBackInterval, _options.Clock, _closing.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closing, and syncs everything.
        }
    }

    /// <summary>Asks for a sync of the content. Returns at once; may be called under any lock.</summary>
    private void SettleSoon() => _settleSoon.Writer.TryWrite(true);

    /// <summary>
    /// The last resort against undo rows without end: this change waits for a sync of the content, and with it all others. It is not made when
    /// the content cannot be synced; but a removal is made on a full disk: only removals make room, and there are no more of them than names. Under the gate; the chunk
    /// store never calls the volume.
    /// </summary>
    private void SettleLongUndo(bool isRemoval)
    {
        if (!_store.Undo!.IsTooLong) return;
        ulong mark = _store.Undo.Mark, unsyncedMark = _unsynced.Mark();
        try
        {
            Task.Run(() => _options.Chunks.SyncAsync(CancellationToken.None).AsTask()).GetAwaiter().GetResult();
        }
        catch (StoreException e) when (e.IsBroken)
        {
            Fail(e);
            throw;
        }
        catch (StoreException e) when (e.IsDiskFull && isRemoval)
        {
            return;
        }

        _unsynced.Synced(unsyncedMark);
        Guarded(() => _store.Undo.ContentSynced(mark));
    }

    /// <summary>The chunks of a content that the power may take with it.</summary>
    private ValueTask<IReadOnlyList<BlobSubtree>> FindUnsyncedAsync(ContentValue value, CancellationToken cancel) =>
        value.Form == ContentForm.Blob
            ? _unsynced.FindAsync(value.Manifest, _options.Blobs.Chunks.Of(value.Manifest.KeyEpoch), cancel)
            : new([]);

    /// <summary>Makes content durable that closed files name. A failure is for the next fsync to hear; the undo rows stay.</summary>
    private async Task SettleUndoAsync(CancellationToken cancel)
    {
        if (Failure is not null) return;
        lock (_gate)
        {
            if (!_store.Undo!.IsPending && _unsynced.Count <= Limits.UnsyncedChunksTarget) return;
        }

        string work = $"volume {Name}: content could not be made durable in the background";
        try
        {
            await SyncContentAsync(cancel);
            _failures.Succeeded(work);
        }
        catch (Exception e) when (e is IOException)
        {
            _failures.Failed(work, e);
        }
    }

    /// <summary>Saves what was written to an open file. Returns the value; null when there is nothing to save.</summary>
    private async Task<ContentValue?> SaveWorkingAsync(OpenFile file, CancellationToken cancel)
    {
        await file.Gate.WaitAsync(CancellationToken.None); // closing the volume waits for the gate, too
        try
        {
            if (!file.IsDirty || file.Unlinked is not null || Failure is not null) return null;
            ContentValue value = await SaveAsync(file, cancel);
            await SyncContentAsync(cancel);
            lock (_gate)
            {
                if (file.Unlinked is not null || Failure is not null) return null;
                var batch = new MetadataBatch();
                batch.Put(WorkingKey(file.Inode), new WorkingContent(value, file.Seen).Encode());
                DeletePatches(batch, file);
                Guarded(() => _store.Commit(batch));
                file.Saved();
            }

            return value;
        }
        catch
        {
            file.NotSaved();
            throw;
        }
        finally
        {
            file.Gate.Release();
        }
    }

    /// <summary>A crash closes files: what was saved of them is published, at once or, what has patches, in the background.</summary>
    private void RecoverWorkingContent()
    {
        foreach (InodeId inode in _store.Tables.ReadInodes(Table.Working))
        {
            byte[] row = _options.Metadata.Get(WorkingKey(inode))!;
            WorkingContent working = WorkingContent.Decode(row, inode);
            List<ContentPatch> patches = PatchRows.Read(_store.Tables, inode);
            var transaction = new Transaction(_store);
            if (_store.Read(inode) is { } record)
            {
                if (patches.Count > 0)
                {
                    RecoverPatched(record, working, patches);
                    continue;
                }

                var change = new LocalChange(transaction, Later(working.Value.ModifyTime, record.ChangeTime));
                change.Write(inode, working.Seen, working.Value);
                if (record.Attributes.IsEmpty) change.SetAttributes(inode, ShownAttributes(record));
            }

            transaction.Batch.Delete(WorkingKey(inode));
            PatchRows.DeleteAll(transaction.Batch, _store.Tables, inode);
            Commit(transaction);
        }
    }

    private async Task CloseAtShutdownAsync(OpenFile file)
    {
        await file.Gate.WaitAsync(CancellationToken.None);
        try
        {
            await PublishAsync(file, CancellationToken.None);
        }
        catch (Exception e)
        {
            // Whatever it is, the other files and the final sync come after it.
            _options.Log($"volume {Name}: content of inode {file.Inode} could not be saved at shutdown: {e.Message}", e);
        }
        finally
        {
            file.Gate.Release();
        }
    }

    /// <summary>The open files that fit; each stays open until the caller releases it (not as a writer).</summary>
    private List<OpenFile> PinOpenFiles(Func<OpenFile, bool> fits)
    {
        lock (_gate)
        {
            List<OpenFile> files = [.. _files.Values.Where(fits)];
            foreach (OpenFile file in files) file.Handles++;
            return files;
        }
    }
}
