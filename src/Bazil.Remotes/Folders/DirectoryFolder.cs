using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Remotes.Folders;

/// <summary>
/// A directory on a disk of this machine that may come and go. A write goes into <c>tmp/</c>, is synced and renamed, and the directories are synced. Where the directory is, is asked with
/// each call. The directory above it is never made: that would be a mistyped path.
/// </summary>
/// <param name="name">Its address, for messages.</param>
/// <param name="locate">Returns its path, or throws a <see cref="StoreException"/> that says why there is none now.</param>
/// <param name="entropy">For names of files that are being written.</param>
public sealed class DirectoryFolder(string name, Func<string> locate, IEntropy entropy) : IRemoteFolder
{
    private const string TemporaryDirectory = "tmp";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerOnly | UnixFileMode.UserExecute;

    public string Name => name;

    public ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => new(RunAsync($"cannot write {name}", root =>
    {
        string temporary = Path.Combine(root, TemporaryDirectory, RandomName()), path = Path.Combine(root, name);
        MakeDirectories(root, Path.GetDirectoryName(temporary)!);
        MakeDirectories(root, Path.GetDirectoryName(path)!);
        try
        {
            using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                File.SetUnixFileMode(file, OwnerOnly);
                RandomAccess.Write(file, content.Span, 0);
                RandomAccess.FlushToDisk(file);
            }

            cancel.ThrowIfCancellationRequested();
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            Remove(temporary);
            throw;
        }

        DirectoryHandle.Sync(Path.GetDirectoryName(path)!);
        return true;
    }, cancel));

    public ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) => new(RunAsync<int?>($"cannot read {name}", root =>
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(Path.Combine(root, name));
            int total = 0, read;
            while (total < buffer.Length && (read = RandomAccess.Read(file, buffer.Span[total..], offset + total)) > 0) total += read;
            return total;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // the answer, not a failure
        }
    }, cancel));

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel) => new(RunAsync($"cannot delete {name}", root =>
    {
        string path = Path.Combine(root, name);
        if (!File.Exists(path)) return false;
        File.Delete(path);
        DirectoryHandle.Sync(Path.GetDirectoryName(path)!);
        return true;
    }, cancel));

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        foreach (RemoteFile file in await RunAsync($"cannot list {directory}", root => List(root, directory), cancel))
        {
            cancel.ThrowIfCancellationRequested();
            yield return file;
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => new(RunAsync<RemoteSpace?>("cannot be asked for its free space", static root =>
    {
        DiskSpace space = DiskSpace.Of(Directory.Exists(root) ? root : Path.GetDirectoryName(root)!);
        return new RemoteSpace(space.TotalBytes, space.UsableBytes);
    }, cancel));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static List<RemoteFile> List(string root, string directory)
    {
        string below = Path.Combine(root, directory);
        if (!Directory.Exists(below)) return [];
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = Limits.ListDepth, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        string temporary = Path.Combine(root, TemporaryDirectory) + "/";
        return
        [
            .. new DirectoryInfo(below).EnumerateFiles("*", options).Where(file => !file.FullName.StartsWith(temporary, StringComparison.Ordinal))
                .Select(file => new RemoteFile(Path.GetRelativePath(root, file.FullName), file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero))),
        ];
    }

    /// <summary>Makes a directory below the root, and the root itself, and makes their names durable.</summary>
    private static void MakeDirectories(string root, string path)
    {
        if (Directory.Exists(path)) return;
        string above = Path.GetDirectoryName(path)!;
        if (path == root && !Directory.Exists(above)) throw new DirectoryNotFoundException($"there is no directory {above}; only the last directory of a path is made");
        if (path != root) MakeDirectories(root, above);
        Directory.CreateDirectory(path, OwnerDirectory);
        DirectoryHandle.Sync(above);
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (IOException)
        {
            // The disk is gone or fails: the failure of the write says so.
        }
    }

    private string RandomName()
    {
        Span<byte> random = stackalloc byte[16];
        entropy.Fill(random);
        return Convert.ToHexStringLower(random);
    }

    /// <summary>The work of a disk is done on a thread of the pool: callers serve programs.</summary>
    private Task<T> RunAsync<T>(string what, Func<string, T> work, CancellationToken cancel) => Task.Run(() =>
    {
        string root = locate();
        try
        {
            return work(root);
        }
        catch (Exception e) when (StoreFailure.IsEnvironmental(e))
        {
            throw StoreFailure.Of(name, what, e);
        }
    }, cancel);
}
