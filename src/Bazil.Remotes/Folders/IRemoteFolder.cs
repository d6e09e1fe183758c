using Bazil.Storage.Stores;

namespace Bazil.Remotes.Folders;

/// <summary>
/// A folder on a machine that keeps files and knows nothing of Bazil: a directory reached over SFTP, a bucket. Names are relative, their
/// parts separated by <c>/</c>.
/// <para>Contract, checked by <c>RemoteFolderContract</c> for each implementation:</para>
/// <list type="bullet">
/// <item>All methods may be called concurrently, be cancelled at any point, and be repeated.</item>
/// <item>A write is all or nothing: a reader sees the whole file, the one before, or none. On return the content is as durable as the other side makes it.</item>
/// <item>Failures are <see cref="StoreException"/>s that name the folder, the file, the reason and, where there is something to do, what.
/// <see cref="StoreException.IsUnreachable"/> says that the other side could not be asked.</item>
/// </list>
/// </summary>
public interface IRemoteFolder : IAsyncDisposable
{
    /// <summary>Its address, for messages.</summary>
    string Name { get; }

    /// <summary>Writes a whole file, making the folder if it is not there, replacing one of that name. The buffer is lent until the task completes.</summary>
    ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>
    /// Writes as <see cref="WriteAsync"/> does, but only when there is no such file; returns false, and has written nothing, when there is one. Where the other side cannot do both in one
    /// step, as by default, it is asked first: of two who create at once, the later may win.
    /// </summary>
    async ValueTask<bool> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (await ReadAsync(name, 0, new byte[1], cancel) is not null) return false;
        await WriteAsync(name, content, cancel);
        return true;
    }

    /// <summary>
    /// Writes as <see cref="WriteAsync"/> does, but only where a file begins with given bytes, asked on the very disk or connection that is written to. Returns false, and has written
    /// nothing, where it does not: another disk or server is in the place of the right one.
    /// </summary>
    ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel);

    /// <summary>Reads up to <paramref name="buffer"/>'s length from an offset. Short only at the end of the file. Returns null when there is no such file.</summary>
    ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel);

    /// <summary>
    /// The same for files whose content never changes under their name: an implementation may keep them open, and several connections may be used. One that somebody else has removed may still be
    /// read for a while.
    /// </summary>
    ValueTask<int?> ReadPieceAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) => ReadAsync(name, offset, buffer, cancel);

    /// <summary>Removes a file; returns false when there was none.</summary>
    ValueTask<bool> DeleteAsync(string name, CancellationToken cancel);

    /// <summary>All files below a directory, with their full names, in no particular order. Empty when there is no such directory. Files being written are not listed.</summary>
    IAsyncEnumerable<RemoteFile> ListAsync(string directory, CancellationToken cancel);

    /// <summary>What is left there, or null when the other side does not say.</summary>
    ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel);
}
