using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Buffers;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Stores;

/// <summary>
/// One file for each object, in a layout that rsync and people can handle (<c>docs/storage.md</c>):
/// <code>
///   format               "bazil files store 1"
///   lock                 held while the store is open
///   objects/ab/cd/abcd…  the object, its id in hex
///   tmp/put-N            being written; removed when the store is opened
/// </code>
/// A put writes and syncs a temporary file, then renames it; the directories are synced in <see cref="SyncAsync"/>. A put
/// over an existing object compares the bytes and replaces what differs. The work is done on the calling thread.
/// Foreign files are left alone.
/// </summary>
public sealed class FilesObjectStore : IObjectStore
{
    private const uint FileMode = 0b110_000_000;

    private readonly FilesLayout _layout;
    private readonly LockFile _lockFile;
    private readonly SemaphoreSlim _syncGate = new(1); // a sync also waits for the one before it; before _lock
    private readonly Lock _lock = new();               // guards the two sets and _broken; innermost
    private readonly HashSet<string> _unsynced = [];
    private readonly HashSet<string> _prepared = [];
    private StoreException? _broken;
    private long _putCount;

    private FilesObjectStore(string name, FilesLayout layout, LockFile lockFile)
    {
        Name = name;
        _layout = layout;
        _lockFile = lockFile;
    }

    public string Name { get; }

    /// <summary>Opens the store in a directory, which is made if it does not exist. Its parent must.</summary>
    /// <exception cref="StoreException">Not possible, made by a newer version, or in use by another process.</exception>
    public static FilesObjectStore Open(string name, string directory)
    {
        try
        {
            var layout = new FilesLayout(directory);
            LockFile lockFile = layout.Prepare(name);
            return new FilesObjectStore(name, layout, lockFile);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(name, $"cannot be opened in {directory}", exception);
        }
    }

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string path = _layout.PathOf(id);
        if (!File.Exists(path)) return ValueTask.FromResult<IMemoryOwner<byte>?>(null);
        try
        {
            return ValueTask.FromResult<IMemoryOwner<byte>?>(Read(path, id));
        }
        catch (UnixException exception) when (exception.Error == Errno.ENOENT)
        {
            return ValueTask.FromResult<IMemoryOwner<byte>?>(null); // deleted just now
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot read object {id}", exception);
        }
    }

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (buffer.Length > ObjectLimits.ObjectSizeBytesMax) throw new ArgumentException($"an object has at most {ObjectLimits.ObjectSizeBytesMax} bytes, not {buffer.Length}");
        string path = _layout.PathOf(id);
        string directory = Path.GetDirectoryName(path)!;
        try
        {
            CheckUsable();
            PrepareDirectory(directory);
            if (!Holds(path, buffer.Span)) Write(path, buffer.Span);
            MarkUnsynced(directory); // also when it was there: an earlier process may have died before its sync
            return ValueTask.CompletedTask;
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot write object {id}", exception);
        }
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(File.Exists(_layout.PathOf(id)));
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        string path = _layout.PathOf(id);
        if (!File.Exists(path)) return ValueTask.FromResult(false);
        try
        {
            CheckUsable();
            File.Delete(path);
            MarkUnsynced(Path.GetDirectoryName(path)!);
            return ValueTask.FromResult(true);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot delete object {id}", exception);
        }
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (string first in Entries(_layout.ObjectsDirectory))
        {
            foreach (string second in Entries(first))
            {
                foreach (string path in Entries(second))
                {
                    cancel.ThrowIfCancellationRequested();
                    if (_layout.TryParse(path, out ObjectId id)) yield return id;
                }
            }
        }

        await ValueTask.CompletedTask;
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await _syncGate.WaitAsync(cancel);
        try
        {
            SyncDirectories();
        }
        finally
        {
            _syncGate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await SyncAsync(CancellationToken.None);
        }
        finally
        {
            _lockFile.Dispose();
            _syncGate.Dispose();
        }
    }

    private IMemoryOwner<byte> Read(string path, ObjectId id)
    {
        using SafeFileHandle file = UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow);
        long sizeBytes = RandomAccess.GetLength(file);
        if (sizeBytes > ObjectLimits.ObjectSizeBytesMax) throw new CorruptObjectException(id, Name, $"its {sizeBytes} bytes are more than any object has");
        IMemoryOwner<byte> buffer = BufferPool.Shared.Rent((int)sizeBytes);
        bool isComplete = false;
        try
        {
            isComplete = RandomAccess.Read(file, buffer.Memory.Span, 0) == sizeBytes;
            if (!isComplete) throw new CorruptObjectException(id, Name, "it was cut short while it was read");
            return buffer;
        }
        finally
        {
            if (!isComplete) buffer.Dispose();
        }
    }

    private static bool Holds(string path, ReadOnlySpan<byte> expected)
    {
        if (!File.Exists(path)) return false;
        try
        {
            using SafeFileHandle file = UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow);
            if (RandomAccess.GetLength(file) != expected.Length) return false;
            using IMemoryOwner<byte> existing = BufferPool.Shared.Rent(expected.Length);
            return RandomAccess.Read(file, existing.Memory.Span, 0) == expected.Length && existing.Memory.Span.SequenceEqual(expected);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            return false; // what cannot be read is replaced by what is at hand
        }
    }

    private void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = _layout.TemporaryPath(Interlocked.Increment(ref _putCount));
        try
        {
            using (SafeFileHandle file = UnixFile.Open(temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, FileMode))
            {
                RandomAccess.Write(file, content, 0);
                UnixFile.SyncData(file, temporary);
            }

            UnixFile.Rename(temporary, path);
        }
        catch
        {
            File.Delete(temporary); // no error when it does not exist
            throw;
        }
    }

    /// <summary>Makes the directory; its name and that of its parent become durable with the next sync, whoever made them.</summary>
    private void PrepareDirectory(string directory)
    {
        lock (_lock)
        {
            if (_prepared.Contains(directory)) return;
        }

        Directory.CreateDirectory(directory);
        lock (_lock)
        {
            _prepared.Add(directory);
            _unsynced.Add(Path.GetDirectoryName(directory)!);
            _unsynced.Add(_layout.ObjectsDirectory);
        }
    }

    private void MarkUnsynced(string directory)
    {
        lock (_lock) _unsynced.Add(directory);
    }

    private void SyncDirectories()
    {
        string[] directories;
        lock (_lock)
        {
            CheckUsable();
            directories = [.. _unsynced];
            _unsynced.Clear();
        }

        try
        {
            foreach (string directory in directories) DirectoryHandle.Sync(directory);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            StoreException failure = Failure(Name, "cannot make objects durable", exception);
            lock (_lock)
            {
                // A sync that fails may have dropped what it could not write: a later one that succeeds would prove nothing.
                if (failure.IsDiskFull) _unsynced.UnionWith(directories);
                else _broken = failure;
            }

            throw failure;
        }
    }

    private void CheckUsable()
    {
        if (_broken is { } broken) throw new StoreException($"store {Name} takes no changes since a sync failed: {broken.Message}", broken);
    }

    private string[] Entries(string directory)
    {
        try
        {
            return Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory) : [];
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot list {directory}", exception);
        }
    }

    private static bool IsEnvironmental(Exception exception) => exception is (IOException and not StoreException) or UnauthorizedAccessException;

    private static StoreException Failure(string name, string what, Exception exception)
    {
        bool isDiskFull = exception is UnixException { Error: Errno.ENOSPC or Errno.EDQUOT }
            || exception.HResult is (int)Errno.ENOSPC or (int)Errno.EDQUOT; // how the framework reports a failed write
        string reason = isDiskFull ? "the disk is full" : exception.Message;
        return new StoreException($"store {name} {what}: {reason}", exception) { IsDiskFull = isDiskFull };
    }
}
