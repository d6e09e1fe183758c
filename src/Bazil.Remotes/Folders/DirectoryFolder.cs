using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Remotes.Folders;

/// <summary>
/// A directory on a disk of this machine that may come and go. A write goes into <c>tmp/</c>, is synced and renamed, and the directories are synced. The disk is looked up and opened with each
/// call, and all that the call does is done below what was opened: when the disk is unmounted meanwhile, nothing lands on the one below. No link is followed. The directory is made when a store is made
/// in it; the one above it never is: that would be a mistyped path.
/// </summary>
/// <param name="name">Its address, for messages.</param>
/// <param name="open">Opens the disk, or throws a <see cref="StoreException"/> that says why there is none now. The folder disposes it.</param>
/// <param name="directory">The directory on it.</param>
/// <param name="entropy">For names of files that are being written.</param>
/// <param name="time">Tells when the disk hangs: then it counts as away, and whoever waits is told so; and how old a file is that a dead process left.</param>
public sealed class DirectoryFolder(string name, Func<DirectoryHandle> open, string directory, IEntropy entropy, TimeProvider time) : IRemoteFolder
{
    private const string TemporaryDirectory = "tmp";
    private const string Itself = ".";
    private const uint OwnerOnly = 0b110_000_000;
    private const int TemporaryNameBytes = 16;

    private readonly DiskCalls _calls = new(name, time);
    private int _isTidied;

    public string Name => name;

    public ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(WriteOwnAsync(name, content, (disk, own, token) =>
    {
        using DirectoryHandle root = MakeRoot(disk);
        Write(root, name, own.Span, token);
        return true;
    }, cancel));

    public ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(WriteOwnAsync(name, content, (disk, own, token) =>
    {
        using DirectoryHandle? root = IfThere(() => disk.OpenDirectory(directory));
        byte[] beginning = new byte[where.Bytes.Length];
        if (root is null || Read(root, where.Name, 0, beginning) is null || !beginning.AsSpan().SequenceEqual(where.Bytes.Span)) return false;
        Write(root, name, own.Span, token);
        return true;
    }, cancel));

    public async ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        // The caller's buffer is only lent, and a thread that hangs is left behind: it fills one of its own, which is given back when it has returned in time.
        byte[] own = ArrayPool<byte>.Shared.Rent(buffer.Length);
        int? count = await RunAsync($"cannot read {name}", (disk, _) =>
        {
            using DirectoryHandle? root = IfThere(() => disk.OpenDirectory(directory));
            return root is null ? null : Read(root, name, offset, own.AsSpan(0, buffer.Length));
        }, cancel);
        own.AsSpan(0, count ?? 0).CopyTo(buffer.Span);
        ArrayPool<byte>.Shared.Return(own);
        return count;
    }

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel) => new(RunAsync($"cannot delete {name}", (disk, token) =>
    {
        using DirectoryHandle? holder = IfThere(() => disk.OpenDirectory(Path.Combine(directory, DirectoryOf(name))));
        token.ThrowIfCancellationRequested(); // whoever gave up may have written it anew
        if (holder is null || !holder.Remove(Path.GetFileName(name))) return false;
        holder.Sync();
        return true;
    }, cancel));

    public async IAsyncEnumerable<RemoteFile> ListAsync(string below, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (RemoteFile file in await RunAsync($"cannot list {below}", (disk, _) => List(disk, below), cancel))
        {
            cancel.ThrowIfCancellationRequested();
            yield return file;
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => new(RunAsync<RemoteSpace?>("cannot be asked for its free space", static (disk, _) =>
    {
        DiskSpace space = DiskSpace.Of(disk);
        return new RemoteSpace(space.TotalBytes, space.UsableBytes);
    }, cancel));

    /// <summary>Calls that are under way fail; what hangs is left behind.</summary>
    public ValueTask DisposeAsync()
    {
        _calls.Dispose();
        return ValueTask.CompletedTask;
    }

    private static int? Read(DirectoryHandle root, string name, long offset, Span<byte> buffer)
    {
        using SafeFileHandle? file = IfThere(() => root.OpenBeneath(name, OpenFlags.ReadOnly));
        if (file is null) return null;
        int total = 0, read;
        while (total < buffer.Length && (read = RandomAccess.Read(file, buffer[total..], offset + total)) > 0) total += read;
        return total;
    }

    private void Write(DirectoryHandle root, string name, ReadOnlySpan<byte> content, CancellationToken cancel)
    {
        using DirectoryHandle temporaries = MakeBelow(root, TemporaryDirectory), target = MakeBelow(root, DirectoryOf(name));
        string temporary = RandomName();
        try
        {
            using (SafeFileHandle file = temporaries.OpenBeneath(temporary, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, OwnerOnly))
            {
                RandomAccess.Write(file, content, 0);
                UnixFile.Sync(file, temporary);
            }

            cancel.ThrowIfCancellationRequested();
            temporaries.Rename(temporary, target, Path.GetFileName(name));
        }
        catch
        {
            Remove(temporaries, temporary);
            throw;
        }

        target.Sync();
    }

    private List<RemoteFile> List(DirectoryHandle disk, string below)
    {
        using DirectoryHandle? holder = IfThere(() => disk.OpenDirectory(Path.Combine(directory, below)));
        if (holder is null) return [];
        if (Interlocked.Exchange(ref _isTidied, 1) == 0) Tidy(disk);
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = Limits.ListDepth, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        var files = new List<RemoteFile>();
        foreach (FileInfo file in new DirectoryInfo(holder.DescriptorPath).EnumerateFiles("*", options))
        {
            string name = Path.Combine(below, Path.GetRelativePath(holder.DescriptorPath, file.FullName));
            if (!name.StartsWith(TemporaryDirectory + "/", StringComparison.Ordinal)) files.Add(new RemoteFile(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero)));
        }

        return files;
    }

    /// <summary>Removes what was being written, once, by somebody who died, a day or more ago: another process of this machine may be writing there now.</summary>
    private void Tidy(DirectoryHandle disk)
    {
        using DirectoryHandle? temporaries = IfThere(() => disk.OpenDirectory(Path.Combine(directory, TemporaryDirectory)));
        if (temporaries is null) return;
        DateTimeOffset oldest = time.GetUtcNow() - Limits.TemporaryAge;
        foreach (FileInfo file in new DirectoryInfo(temporaries.DescriptorPath).EnumerateFiles())
        {
            bool isOurs = file.Name.Length == 2 * TemporaryNameBytes && file.Name.All(char.IsAsciiHexDigitLower);
            if (isOurs && new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero) < oldest) Remove(temporaries, file.Name);
        }
    }

    /// <summary>Opens the directory of the store, and makes it, but nothing above it.</summary>
    private DirectoryHandle MakeRoot(DirectoryHandle disk)
    {
        string above = DirectoryOf(directory);
        using DirectoryHandle holder = IfThere(() => disk.OpenDirectory(above))
            ?? throw new DirectoryNotFoundException($"there is no directory {Path.Combine(disk.Path, above)}; only the last directory of a path is made");
        return MakeBelow(holder, Path.GetFileName(directory));
    }

    /// <summary>Opens a directory below another one, and makes it, and its name durable, when it is not there.</summary>
    private static DirectoryHandle MakeBelow(DirectoryHandle above, string path)
    {
        if (IfThere(() => above.OpenDirectory(path)) is { } known) return known;
        using DirectoryHandle holder = path.Contains('/', StringComparison.Ordinal) ? MakeBelow(above, DirectoryOf(path)) : above.OpenDirectory(Itself);
        string name = Path.GetFileName(path);
        if (holder.MakeDirectory(name)) holder.Sync();
        return holder.OpenDirectory(name);
    }

    private static string DirectoryOf(string name) => Path.GetDirectoryName(name) is { Length: > 0 } path ? path : Itself;

    private static T? IfThere<T>(Func<T> open)
        where T : class
    {
        try
        {
            return open();
        }
        catch (UnixException e) when (e.Error is Errno.ENOENT)
        {
            return null; // the answer, not a failure
        }
    }

    private static void Remove(DirectoryHandle temporaries, string temporary)
    {
        try
        {
            temporaries.Remove(temporary);
        }
        catch (IOException)
        {
            // The disk is gone or fails: the failure of the write says so.
        }
    }

    private string RandomName()
    {
        Span<byte> random = stackalloc byte[TemporaryNameBytes];
        entropy.Fill(random);
        return Convert.ToHexStringLower(random);
    }

    /// <summary>Writes a copy: what the caller lends is the caller's again when it gives up, and the thread may hang in the middle.</summary>
    private async Task<bool> WriteOwnAsync(string name, ReadOnlyMemory<byte> content, Func<DirectoryHandle, ReadOnlyMemory<byte>, CancellationToken, bool> write, CancellationToken cancel)
    {
        byte[] own = ArrayPool<byte>.Shared.Rent(content.Length);
        content.CopyTo(own);
        bool isWritten = await RunAsync($"cannot write {name}", (disk, token) => write(disk, own.AsMemory(0, content.Length), token), cancel);
        ArrayPool<byte>.Shared.Return(own);
        return isWritten;
    }

    /// <summary>The work of a disk is done on a thread of its own: callers serve programs.</summary>
    private Task<T> RunAsync<T>(string what, Func<DirectoryHandle, CancellationToken, T> work, CancellationToken cancel) => _calls.RunAsync(
        token =>
        {
            try
            {
                using DirectoryHandle disk = open();
                return work(disk, token);
            }
            catch (Exception e) when (StoreFailure.IsEnvironmental(e))
            {
                throw FailureOf(what, e);
            }
        },
        cancel);

    private StoreException FailureOf(string what, Exception met)
    {
        StoreException failure = StoreFailure.Of(name, what, met);
        if (StoreFailure.IsGone(met)) return new StoreException(failure.Message, met) { IsUnreachable = true };
        return StoreFailure.IsUnreadable(met) && FindAway() is { } away ? away : failure;
    }

    /// <summary>A disk that was pulled out fails like one with bad places. The former is not here any more; null when it is.</summary>
    private StoreException? FindAway()
    {
        try
        {
            open().Dispose();
            return null;
        }
        catch (StoreException e) when (e.IsUnreachable)
        {
            return e;
        }
        catch (Exception e) when (e is StoreException || StoreFailure.IsEnvironmental(e))
        {
            return null; // what was met first is told
        }
    }
}
