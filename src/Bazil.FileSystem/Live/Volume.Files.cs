using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Open files: content is changed in memory within the dirty budget and becomes the file's content (is published) at
// close, fsync or truncation by name; peers see nothing before that.
public sealed partial class Volume
{
    /// <summary>Open files that have a name. Guarded by the gate.</summary>
    private readonly Dictionary<InodeId, OpenFile> _files = [];

    /// <summary>Open files whose last name was removed here: only their handles lead to them. Guarded by the gate.</summary>
    private readonly Dictionary<InodeId, OpenFile> _unlinked = [];
    private readonly ConcurrentDictionary<ulong, OpenHandle> _handles = new();
    private ulong _lastHandle;

    internal Reply<FuseHandle> Open(InodeId inode, FuseOpenMode flags, bool isNew = false)
    {
        if (flags.CanWrite && Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            OpenFile? file = Acquire(inode, flags.CanWrite, isNew);
            if (file is not null) NoteUse(inode);
            return file is null ? Errno.ENOENT : AddHandle(file, flags);
        }
    }

    /// <summary>Creates a regular file and opens it in one step; opens the one that is there unless it must not be.</summary>
    internal Reply<CreatedFile> CreateAndOpen(NewNode node, FuseOpenMode flags)
    {
        lock (_gate)
        {
            Reply<FuseAttributes> created = Create(node);
            bool existed = created.Error == Errno.EEXIST && !flags.Exclusive;
            if (existed) created = Lookup(node.Parent, node.Name);
            if (!created.HasValue) return created.Error;
            if (existed && FuseMode.IsDirectory(created.Value.Mode)) return Errno.EISDIR;
            Reply<FuseHandle> opened = Open(new InodeId(created.Value.Inode), flags, isNew: !existed);
            return opened.HasValue ? new CreatedFile(created.Value, opened.Value, existed) : opened.Error;
        }
    }

    internal async ValueTask<Reply<FuseReadResult>> ReadAsync(FuseHandle handle, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        if (!open.Flags.NoAccessTime) open.File.WasRead = true;
        return FuseReadResult.Filled(await ReadContentAsync(
            ContentUse.ReadOf(open.File.Inode, (ulong)offset), (Open: open, Offset: (ulong)offset, Buffer: buffer), static (read, cancel) => read.Open.File.ReadAsync(read.Offset, read.Buffer, read.Open, cancel), cancel));
    }

    /// <summary>Writes as write(2) does: when it cannot go on, answers how much it has written. When it answers or throws an error, nothing was written, but by a synchronous write.</summary>
    internal async ValueTask<Reply<int>> WriteAsync(FuseHandle handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        if (Failure is not null) return Errno.EROFS;
        if (offset > long.MaxValue - data.Length) return Errno.EFBIG;
        OpenFile file = open.File;
        int count = await ChangeContentAsync(
            file,
            (ulong)offset,
            (Volume: this, open.File, Offset: (ulong)offset, Data: data),
            static (write, cancel) => write.File.BringForWriteAsync(write.Offset, (ulong)write.Data.Length, cancel),
            static (write, cancel) => write.File.WriteSomeAsync(write.Offset, write.Data, write.Volume.Now(), cancel),
            cancel);
        if (!open.Flags.SynchronousWrites) return count;

        // It is made: not interrupted, and not made again. A program that is told so writes again, and appends twice.
        await SaveNowAsync(file, SaveChangesAsync, CancellationToken.None);
        if (Failure is not null) return Errno.EIO;
        await SyncAsync(CancellationToken.None);
        return count;
    }

    /// <summary>Writes all or fails, as pages need it that the kernel writes back: it takes any answer for all of them.</summary>
    internal async ValueTask<Reply<int>> WritePagesAsync(FuseHandle handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        for (int done = 0; done < data.Length;)
        {
            Reply<int> written = await WriteAsync(handle, offset + done, data[done..], cancel);
            if (!written.HasValue) return written;
            done += written.Value;
        }

        return data.Length;
    }

    /// <summary>
    /// Changes the size: through a descriptor in memory until it is closed, by name at once. A descriptor means the file it was
    /// opened on, also when that was unlinked here and an edit of a peer has given the name back to another state of the node.
    /// </summary>
    internal async ValueTask<Errno> TruncateAsync(InodeId inode, long size, FuseHandle? handle, CancellationToken cancel)
    {
        if (Failure is not null) return Errno.EROFS;
        OpenFile? file;
        lock (_gate)
        {
            file = AcquireForTruncation(inode, handle);
            if (file is not null) file.Handles++;
        }

        if (file is null) return Errno.ENOENT;
        try
        {
            await ChangeContentAsync(
                file,
                (ulong)size,
                (Volume: this, File: file, Size: (ulong)size, IsByName: handle is null),
                static (cut, cancel) => cut.File.BringForTruncateAsync(cut.Size, cancel),
                static async (cut, cancel) =>
                {
                    await cut.File.TruncateAsync(cut.Size, cut.Volume.Now(), cancel);
                    if (cut.IsByName) await cut.Volume.PublishAsync(cut.File, cancel);
                    return true;
                },
                cancel);
        }
        finally
        {
            await ReleaseAsync(file, isWriter: true);
        }

        return Errno.OK;
    }

    /// <summary>Publishes the changes made through any handle of the file; soon, when some of them were synced as patches.</summary>
    internal async ValueTask<Errno> FlushAsync(FuseHandle handle, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        await SaveNowAsync(open.File, SaveAtCloseAsync, cancel);
        return Errno.OK;
    }

    /// <summary>Makes everything up to now durable, with this file, whoever changed it; it is published, now or soon.</summary>
    internal async ValueTask<Errno> FsyncAsync(FuseHandle handle, CancellationToken cancel)
    {
        if (!_handles.TryGetValue(handle.Value, out OpenHandle? open)) return Errno.EBADF;
        await SaveNowAsync(open.File, SaveChangesAsync, cancel);
        if (Failure is not null) return Errno.EIO;
        await SyncAsync(cancel);
        return Errno.OK;
    }

    internal async ValueTask ReleaseAsync(FuseHandle handle)
    {
        if (!_handles.TryRemove(handle.Value, out OpenHandle? open)) return;
        if (open.Flags is { CanRead: true, CanWrite: false, NoAccessTime: false }) open.File.MayHaveBeenRead = true;
        open.File.Leave(open);
        await ReleaseAsync(open.File, open.Flags.CanWrite);
    }

    /// <summary>Begins a change of an open file's content: not while a snapshot looks at open files, and one at a time.</summary>
    private async ValueTask EnterChangeAsync(OpenFile file, CancellationToken cancel)
    {
        await _contentPause.EnterAsync(cancel);
        try
        {
            await file.Gate.WaitAsync(cancel);
        }
        catch
        {
            _contentPause.Exit();
            throw;
        }
    }

    private void ExitChange(OpenFile file)
    {
        file.Gate.Release();
        _contentPause.Exit();
    }

    private FuseHandle AddHandle(OpenFile file, FuseOpenMode flags)
    {
        ulong number = Interlocked.Increment(ref _lastHandle);
        file.Handles++;
        _handles[number] = new OpenHandle(file, flags);
        return new FuseHandle(number);
    }

    /// <summary>Returns the file's open state, made if need be, with one writer more if asked; null when there is no such file. Under the gate.</summary>
    private OpenFile? Acquire(InodeId inode, bool isWriter, bool isNew = false)
    {
        if (!_files.TryGetValue(inode, out OpenFile? file))
        {
            if (FindShown(inode) is not { Kind: NodeKind.File } record) return null;
            file = new OpenFile(record, _options.Blobs) { HasWorkingRow = !isNew && _options.Metadata.Get(WorkingKey(inode)) is not null, SeenKnowledge = _store.State.Knowledge, Dirtied = WriteBackSoon };
            _files.Add(inode, file);
        }

        if (isWriter) file.Writers++;
        return file;
    }

    private OpenFile? AcquireForTruncation(InodeId inode, FuseHandle? handle)
    {
        if (handle is not { } number) return Acquire(inode, isWriter: true);
        if (!_handles.TryGetValue(number.Value, out OpenHandle? open)) return null;
        open.File.Writers++;
        return open.File;
    }

    private async ValueTask ReleaseAsync(OpenFile file, bool isWriter)
    {
        // What was written after the last flush, through a mapping say, is published by the last writer.
        bool isLastWriter = false;
        if (isWriter)
        {
            lock (_gate) isLastWriter = --file.Writers == 0;
        }

        if (isLastWriter && file.IsDirty)
        {
            await file.Gate.WaitAsync(CancellationToken.None);
            try
            {
                await PublishOrPatchAsync(file, CancellationToken.None);
            }
            catch (Exception e) when (e is IOException)
            {
                _options.Log($"volume {Name}: content of inode {file.Inode} could not be saved at its last close: {e.Message}", e);
            }
            finally
            {
                file.Gate.Release();
            }
        }

        bool isLast, isAccessTimeNew = false;
        lock (_gate)
        {
            isLast = --file.Handles == 0;
            isLastWriter &= file.Writers == 0; // it may be held now
            if (isLast) (file.Unlinked is null ? _files : _unlinked).Remove(file.Inode);
            if (isLast && (file.WasRead || file.MayHaveBeenRead)) isAccessTimeNew = UpdateAccessTime(file.Inode);
        }

        // The kernel may have asked for the attributes between the read and now.
        if (isAccessTimeNew && _notifier is { } notifier) await notifier.InvalidateInode(new FuseNodeId(file.Inode.Value), -1, 0);
        if (isLast) await file.DisposeAsync();
        else if (isLastWriter) await ShowPendingAsync(file);
        if (isLastWriter && isLast) await NotifyIfPendingAsync(file.Inode);
    }

    private static async ValueTask SaveNowAsync(OpenFile file, Func<OpenFile, CancellationToken, ValueTask> save, CancellationToken cancel)
    {
        if (!file.IsDirty) return;
        await file.Gate.WaitAsync(cancel);
        try
        {
            await save(file, cancel);
        }
        finally
        {
            file.Gate.Release();
        }
    }

    /// <summary>Makes the content in memory the content of the file. Under the file's gate.</summary>
    private async ValueTask PublishAsync(OpenFile file, CancellationToken cancel)
    {
        if (!file.IsDirty || file.Unlinked is not null) return;
        try
        {
            await PublishNowAsync(file, cancel);
        }
        catch
        {
            file.NotSaved();
            throw;
        }
    }

    private async ValueTask PublishNowAsync(OpenFile file, CancellationToken cancel)
    {
        ContentValue value = await SaveAsync(file, cancel);
        IReadOnlyList<BlobSubtree> unsynced = await FindUnsyncedAsync(value, cancel);
        lock (_gate)
        {
            if (file.Unlinked is not null || _store.Read(file.Inode) is not { } record) return;

            // A program may have set the time while the content was being saved.
            value = value.WithModifyTime(file.ModifyTime);
            var transaction = new Transaction(_store);
            var change = new LocalChange(transaction, Later(file.ChangeTime, record.ChangeTime));
            change.Write(file.Inode, file.Seen, value, file.AllocatedBytes);
            if (file.AccessTime is { } time) transaction.Change(file.Inode).AccessTime = time;
            transaction.Unsynced.AddRange(unsynced);

            // A peer deleted the file while it was being written: the edit wins, with the attributes it had.
            if (transaction.Require(file.Inode).Attributes.IsEmpty) change.SetAttributes(file.Inode, ShownAttributes(file.Opened));
            if (file.HasWorkingRow) DeleteWorking(transaction.Batch, file);
            Commit(transaction);
            file.Published(value);
            NotePublished(file);
        }
    }

    /// <summary>Moves the access time after a read, by the rules of relatime: when it is not newer than the last change, or is older than a day. Under the gate.</summary>
    private bool UpdateAccessTime(InodeId inode)
    {
        if (Failure is not null || FindShown(inode) is not { } record) return false;
        UnixTime now = Now();
        bool isStale = record.AccessTime.CompareTo(record.ModifyTime) <= 0 || record.AccessTime.CompareTo(record.ChangeTime) <= 0
            || now.Seconds - record.AccessTime.Seconds >= 24 * 60 * 60;
        if (!isStale) return false;
        var transaction = new Transaction(_store);
        transaction.Change(inode).AccessTime = now;
        Commit(transaction);
        return true;
    }

    private byte[] WorkingKey(InodeId inode) => _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Working).Add(inode).Bytes.ToArray();

    private sealed record OpenHandle(OpenFile File, FuseOpenMode Flags);
}
