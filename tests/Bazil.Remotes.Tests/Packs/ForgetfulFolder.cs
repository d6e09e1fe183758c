using System.Collections.Concurrent;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Tests.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>A folder whose listings leave out one file, and that tells how many files were removed.</summary>
internal sealed class ForgetfulFolder(ConcurrentDictionary<string, byte[]> files, string? hidden) : IRemoteFolder
{
    private readonly MemoryFolder _folder = new(files);
    private int _deleted;

    /// <summary>Told how many, after each.</summary>
    public Action<int>? Deleted { get; set; }

    /// <summary>Told what is listed.</summary>
    public Action<string>? Listing { get; set; }

    public string Name => _folder.Name;

    public ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => _folder.WriteAsync(name, content, cancel);

    public ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel) => _folder.WriteWhereAsync(where, name, content, cancel);

    public ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel) => _folder.ReadAsync(name, offset, buffer, cancel);

    public async ValueTask<bool> DeleteAsync(string name, CancellationToken cancel)
    {
        bool wasThere = await _folder.DeleteAsync(name, cancel);
        Deleted?.Invoke(++_deleted);
        return wasThere;
    }

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        Listing?.Invoke(directory);
        await foreach (RemoteFile file in _folder.ListAsync(directory, cancel))
        {
            if (file.Name != hidden) yield return file;
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => _folder.GetSpaceAsync(cancel);

    public ValueTask DisposeAsync() => _folder.DisposeAsync();
}
