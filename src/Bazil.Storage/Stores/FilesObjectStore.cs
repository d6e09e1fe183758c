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
///   fresh-BOOT/abcd…-N   an object that was not synced yet, written since that boot; N is 0 when it is older
///   tmp/put-N            being written; removed when the store is opened
/// </code>
/// A put writes a temporary file and renames it to a fresh one; <see cref="SyncAsync"/> syncs the fresh ones and renames them
/// into place. So what lies in place is whole, whatever happens; what is fresh survives the death of the process. After a
/// reboot it is doubtful: it is read, but not taken for granted until it was put again. A put over an existing object compares the bytes and replaces what differs. The work is
/// done on the calling thread. Foreign files are left alone.
/// </summary>
public sealed partial class FilesObjectStore : IObjectStore, IStoreHealth
{
    private const uint FileMode = 0b110_000_000;

    private readonly FilesLayout _layout;
    private readonly LockFile _lockFile;
    private long _putCount;

    private FilesObjectStore(string name, FilesLayout layout, LockFile lockFile)
    {
        Name = name;
        _layout = layout;
        _lockFile = lockFile;
        AdoptFresh();
    }

    public string Name { get; }

    /// <summary>Opens the store in a directory, which is made if it does not exist. Its parent must.</summary>
    /// <exception cref="StoreException">Not possible, made by a newer version, or in use by another process.</exception>
    public static FilesObjectStore Open(string name, string directory) => Open(name, directory, BootId.Read());

    /// <summary>Whether a directory holds a files store.</summary>
    public static bool Exists(string directory) => FilesLayout.IsStore(directory);

    /// <summary>Whether a store can be made there without mixing with other things: in a new or an empty directory, or where one was half made.</summary>
    public static bool MayMake(string directory) => FilesLayout.MayMake(directory);

    internal static FilesObjectStore Open(string name, string directory, string bootId)
    {
        try
        {
            var layout = new FilesLayout(directory, bootId);
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
        try
        {
            return ValueTask.FromResult(Read(id));
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot read object {id}", exception);
        }
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (buffer.Length > ObjectLimits.ObjectSizeBytesMax) throw new ArgumentException($"an object has at most {ObjectLimits.ObjectSizeBytesMax} bytes, not {buffer.Length}");
        bool isSyncDue;
        try
        {
            CheckUsable();
            isSyncDue = Holds(id, buffer.Span) ? Confirm(id) : Write(id, buffer.Span);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot write object {id}", exception);
        }

        if (isSyncDue) await SyncAsync(cancel);
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return ValueTask.FromResult(FreshPathOf(id) is not null || File.Exists(_layout.PathOf(id)));
    }

    public async ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel)
    {
        if (IsDoubtful(id) || !await HasAsync(id, cancel)) return false;
        MarkUnsynced(id);
        return true;
    }

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            using SafeFileHandle? file = TryOpen(id);
            return ValueTask.FromResult(file is null ? (int?)null : (int)Math.Min(RandomAccess.GetLength(file), int.MaxValue));
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot read object {id}", exception);
        }
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            CheckUsable();
            return ValueTask.FromResult(Remove(id));
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            throw Failure(Name, $"cannot delete object {id}", exception);
        }
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        ObjectId[] fresh = FreshIds();
        foreach (ObjectId id in fresh) yield return id;
        var listed = fresh.ToHashSet();
        foreach (string first in Entries(_layout.ObjectsDirectory))
        {
            foreach (string second in Entries(first))
            {
                foreach (string path in Entries(second))
                {
                    cancel.ThrowIfCancellationRequested();
                    if (_layout.TryParse(path, out ObjectId id) && !listed.Contains(id)) yield return id;
                }
            }
        }

        await ValueTask.CompletedTask;
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

    /// <summary>Opens the newest version of an object: the fresh one, which a sync may be moving into place just now.</summary>
    private SafeFileHandle? TryOpen(ObjectId id)
    {
        string path = _layout.PathOf(id);
        foreach (string? candidate in (ReadOnlySpan<string?>)[FreshPathOf(id), path])
        {
            if (candidate is null || !File.Exists(candidate)) continue;
            try
            {
                return UnixFile.Open(candidate, OpenFlags.ReadOnly | OpenFlags.NoFollow);
            }
            catch (UnixException exception) when (exception.Error == Errno.ENOENT)
            {
                // Moved into place, or deleted, since it was seen.
            }
        }

        return null;
    }

    private IMemoryOwner<byte>? Read(ObjectId id)
    {
        using SafeFileHandle? file = TryOpen(id);
        if (file is null) return null;
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

    private bool Holds(ObjectId id, ReadOnlySpan<byte> expected)
    {
        try
        {
            using SafeFileHandle? file = TryOpen(id);
            if (file is null || RandomAccess.GetLength(file) != expected.Length) return false;
            using IMemoryOwner<byte> existing = BufferPool.Shared.Rent(expected.Length);
            return RandomAccess.Read(file, existing.Memory.Span, 0) == expected.Length && existing.Memory.Span.SequenceEqual(expected);
        }
        catch (Exception exception) when (IsEnvironmental(exception))
        {
            return false; // what cannot be read is replaced by what is at hand
        }
    }

    private bool Write(ObjectId id, ReadOnlySpan<byte> content)
    {
        long number = Interlocked.Increment(ref _putCount);
        string temporary = _layout.TemporaryPath(number);
        try
        {
            using (SafeFileHandle file = UnixFile.Open(temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, FileMode))
            {
                RandomAccess.Write(file, content, 0);
                Writeback.Start(file);
            }

            return AddFresh(id, number, temporary);
        }
        catch
        {
            File.Delete(temporary); // no error when it does not exist
            throw;
        }
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
