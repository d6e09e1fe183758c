using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Bazil.Remotes.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Tests.Folders;

/// <summary>A folder in memory that can be away, and counts what it is asked. Several nodes may share its files.</summary>
internal sealed class MemoryFolder(ConcurrentDictionary<string, byte[]>? files = null, string name = "memory:folder") : IRemoteFolder
{
    public ConcurrentDictionary<string, byte[]> Files { get; } = files ?? new(StringComparer.Ordinal);

    public string Name => name;

    /// <summary>While true every call fails, as when the network is down.</summary>
    public bool IsAway { get; set; }

    /// <summary>Files whose reading fails, though the folder is there: as when their mode forbids it.</summary>
    public HashSet<string> Forbidden { get; } = new(StringComparer.Ordinal);

    /// <summary>Called when a file was written, before the write returns.</summary>
    public Func<string, Task>? Written { get; set; }

    /// <summary>Called when a part of a file is to be read; the read goes on when it returns.</summary>
    public Func<CancellationToken, Task>? Reading { get; set; }

    /// <summary>Called when packs are to be listed; the listing goes on when it returns.</summary>
    public Func<CancellationToken, Task>? Listing { get; set; }

    /// <summary>Called before each call; may fail it.</summary>
    public Func<bool>? Calling { get; set; }

    public int WriteCount { get; private set; }

    public int ReadCount { get; private set; }

    /// <summary>Listings of packs.</summary>
    public int ListCount { get; private set; }

    public async ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Check(cancel);
        WriteCount++;
        Files[name] = content.ToArray();
        if (Written is { } written) await written(name);
    }

    public async ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        Check(cancel);
        if (!Files.TryGetValue(where.Name, out byte[]? found) || !found.AsSpan().StartsWith(where.Bytes.Span)) return false;
        await WriteAsync(name, content, cancel);
        return true;
    }

    public async ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        Check(cancel);
        ReadCount++;
        if (Reading is { } reading) await reading(cancel);
        if (Forbidden.Contains(name)) throw new StoreException($"{Name}: cannot read {name}: permission denied");
        if (!Files.TryGetValue(name, out byte[]? content)) return null;
        ReadOnlySpan<byte> rest = offset < content.Length ? content.AsSpan((int)offset) : [];
        ReadOnlySpan<byte> part = rest[..Math.Min(rest.Length, buffer.Length)];
        part.CopyTo(buffer.Span);
        return part.Length;
    }

    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancel)
    {
        Check(cancel);
        return new(Files.TryRemove(name, out _));
    }

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        Check(cancel);
        if (directory.Length > 0) ListCount++;
        if (directory.Length > 0 && Listing is { } listing) await listing(cancel);
        foreach ((string name, byte[] content) in Files)
        {
            if (directory.Length == 0 || name.StartsWith(directory + "/", StringComparison.Ordinal)) yield return new RemoteFile(name, content.Length, DateTimeOffset.UnixEpoch);
        }
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => new((RemoteSpace?)null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Check(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        Calling?.Invoke();
        if (IsAway) throw new StoreException($"{Name} is away") { IsUnreachable = true };
    }
}
