using System.Runtime.CompilerServices;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>
/// A folder that several nodes use, each call of which takes time before and after it takes effect, and may fail on either side; a listing takes time between its entries, and names what it meets; it may leave out a lease.
/// </summary>
internal sealed class SteppedFolder(SortedDictionary<string, byte[]> files, Random random, Action deleted, string own) : IRemoteFolder
{
    public string Name => "memory:shared";

    /// <summary>Calls fail now and then.</summary>
    public bool IsFlaky { get; set; }

    /// <summary>Files that listings of this node do not show: what a rule that is left out would not look at.</summary>
    public Predicate<string> IsHidden { get; set; } = static _ => false;

    private string? _leftOut; // the lease that the last listing did not show, though it was there

    public async ValueTask WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        await BeforeAsync();
        files[name] = content.ToArray();
        await AfterAsync();
    }

    public async ValueTask<bool> WriteWhereAsync(FileBeginning where, string name, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (!files.TryGetValue(where.Name, out byte[]? found) || !found.AsSpan().StartsWith(where.Bytes.Span)) return false;
        await WriteAsync(name, content, cancel);
        return true;
    }

    public async ValueTask<int?> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        await BeforeAsync();
        int? read = null;
        bool isBetween = name == _leftOut && random.Next(2) == 0; // it is being replaced, by removing it first
        if (files.TryGetValue(name, out byte[]? content) && !isBetween)
        {
            ReadOnlySpan<byte> rest = offset < content.Length ? content.AsSpan((int)offset) : [];
            read = Math.Min(rest.Length, buffer.Length);
            rest[..read.Value].CopyTo(buffer.Span);
        }

        await AfterAsync();
        return read;
    }

    public async ValueTask<bool> DeleteAsync(string name, CancellationToken cancel)
    {
        await BeforeAsync();
        bool had = files.Remove(name);
        deleted();
        await AfterAsync();
        return had;
    }

    public async IAsyncEnumerable<RemoteFile> ListAsync(string directory, [EnumeratorCancellation] CancellationToken cancel)
    {
        await BeforeAsync();
        LeaveOut(directory);
        for (string? name = Next("", directory); name is not null; name = Next(name, directory))
        {
            if (!IsHidden(name) && name != _leftOut) yield return new RemoteFile(name, files[name].Length, DateTimeOffset.UnixEpoch);
            if (random.Next(4) == 0) await Task.Yield();
        }

        await AfterAsync();
    }

    public ValueTask<RemoteSpace?> GetSpaceAsync(CancellationToken cancel) => new((RemoteSpace?)null);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A listing may leave out a file of another node that is there; two in a row do not leave out the same one.</summary>
    private void LeaveOut(string directory)
    {
        if (directory != PackLease.Directory) return;
        List<string> leases = [.. files.Keys.Where(name => name.StartsWith(directory + "/", StringComparison.Ordinal) && name != own && name != _leftOut)];
        _leftOut = IsFlaky && leases.Count > 0 && random.Next(4) == 0 ? leases[random.Next(leases.Count)] : null;
    }

    private string? Next(string last, string directory) =>
        files.Keys.FirstOrDefault(name => string.CompareOrdinal(name, last) > 0 && (directory.Length == 0 || name.StartsWith(directory + "/", StringComparison.Ordinal)));

    private async ValueTask BeforeAsync()
    {
        for (int steps = random.Next(3); steps >= 0; steps--) await Task.Yield();
        Fail();
    }

    private async ValueTask AfterAsync()
    {
        await Task.Yield();
        Fail();
    }

    private void Fail()
    {
        if (IsFlaky && random.Next(60) == 0) throw new StoreException($"{Name} is away") { IsUnreachable = true };
    }
}
