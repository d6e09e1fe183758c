using Bazil.Core;
using Bazil.Remotes.Folders;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

public sealed partial class PackStore
{
    private readonly List<string> _damaged = []; // guarded by itself

    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _meeting = new();
    private Task<PackIndex>? _listing; // the last one, or the one that runs: all who come meanwhile share it and its failure
    private bool _isListed; // at least one has succeeded
    private long _nextListing; // not before this, as the clock's timestamps have it

    /// <summary>Packs whose directory cannot be read: their objects are found only if the index knew them before.</summary>
    public IReadOnlyList<string> DamagedPacks
    {
        get
        {
            lock (_damaged) return [.. _damaged];
        }
    }

    /// <summary>Makes sure that the folder is there and is the store that it is taken for, and returns the store's id, which stays the same wherever it is moved.</summary>
    /// <exception cref="StoreException">It is not, or cannot be reached; the message says what to do.</exception>
    public async Task<Guid> MeetAsync(CancellationToken cancel) => new((await MeetIndexAsync(cancel)).StoreId, bigEndian: true);

    /// <summary>When the folder was there last, as far as this node remembers.</summary>
    public DateTimeOffset? LastMet => PackStoreMark.RecallTime(_metadata, Name);

    /// <summary>Forgets what was met at an address, so that another store may take its place there. Only while no store is open for it.</summary>
    public static void Forget(IMetadataStore metadata, string address)
    {
        if (PackStoreMark.Recall(metadata, address) is not { } id) return;
        new PackIndex(metadata, id).Clear();
        PackStoreMark.Forget(metadata, address);
    }

    /// <summary>The index of a store that was met, however long ago.</summary>
    private async ValueTask<PackIndex> MeetIndexAsync(CancellationToken cancel)
    {
        Task<PackIndex>? listing = null;
        lock (_meeting)
        {
            if (!_isListed) listing = ListHeld();
        }

        return listing is null ? _index! : await listing.WaitAsync(cancel);
    }

    /// <summary>The index with all packs that were there a moment ago.</summary>
    private async ValueTask<PackIndex> ListPacksAsync(CancellationToken cancel)
    {
        Task<PackIndex>? listing = null;
        lock (_meeting)
        {
            if (!_isListed || _time.GetTimestamp() >= _nextListing || _listing is { IsCompleted: false }) listing = ListHeld();
        }

        return listing is null ? _index! : await listing.WaitAsync(cancel);
    }

    /// <summary>The listing that runs, or a new one. The lock is held.</summary>
    private Task<PackIndex> ListHeld() => _listing is { IsCompleted: false } running ? running : _listing = Task.Run(ListNowAsync);

    private async Task<PackIndex> ListNowAsync()
    {
        long began = _time.GetTimestamp();
        byte[]? remembered = PackStoreMark.Recall(_metadata, Name);
        byte[] found = await PackStoreMark.ReadOrMakeAsync(_folder, _entropy, _mayMake && remembered is null, CancellationToken.None);
        if (remembered is not null && !remembered.AsSpan().SequenceEqual(found))
        {
            throw new StoreException($"{Name} is another store than before ({Convert.ToHexStringLower(found)} instead of {Convert.ToHexStringLower(remembered)}); put the right one back, or remove this storage and add it again");
        }

        PackStoreMark.Remember(_metadata, Name, found, _time.GetUtcNow());
        PackIndex index = _index ??= new PackIndex(_metadata, found);
        await DiscoverAsync(index, CancellationToken.None);
        lock (_meeting)
        {
            _isListed = true;
            TimeSpan pause = _time.GetElapsedTime(began) * Limits.ListPausePerListing;
            _nextListing = _time.GetTimestamp() + (long)((pause > Limits.ListIntervalMin ? pause : Limits.ListIntervalMin).TotalSeconds * _time.TimestampFrequency);
        }

        return index;
    }

    /// <summary>Looks into packs that others wrote, or that this node wrote before its database was lost.</summary>
    private async Task DiscoverAsync(PackIndex index, CancellationToken cancel)
    {
        lock (_damaged) _damaged.Clear();
        using var lookups = new SemaphoreSlim(Limits.PackLookups);
        var running = new List<Task>();
        await foreach (RemoteFile file in _folder.ListAsync(PackId.Directory, cancel))
        {
            if (!PackId.TryParseFileName(file.Name, out PackId pack) || index.FindPack(pack) is not null) continue;
            await lookups.WaitAsync(cancel);
            running.RemoveAll(static task => task.IsCompletedSuccessfully);
            running.Add(LookIntoAsync(index, pack, file.SizeBytes, lookups, cancel));
        }

        await Task.WhenAll(running);
    }

    private async Task LookIntoAsync(PackIndex index, PackId pack, long sizeBytes, SemaphoreSlim lookups, CancellationToken cancel)
    {
        try
        {
            if (await ReadTailAsync(pack, sizeBytes, cancel) is { } entries) index.Add(pack, sizeBytes, entries, isFound: true);
        }
        catch (WireFormatException e)
        {
            // The others are not to suffer. What is damaged is told, and its objects are read from elsewhere.
            lock (_damaged) _damaged.Add($"{pack.FileName}: {e.Message}");
        }
        finally
        {
            lookups.Release();
        }
    }

    /// <summary>The directory of a pack; null when it is gone.</summary>
    private async Task<PackEntry[]?> ReadTailAsync(PackId pack, long sizeBytes, CancellationToken cancel)
    {
        if (sizeBytes is < PackFormat.TrailerBytes or > int.MaxValue) throw new WireFormatException($"a pack does not have {sizeBytes} bytes");
        byte[] tail = new byte[Math.Min(sizeBytes, Limits.PackTailBytes)];
        if (await _folder.ReadAsync(pack.FileName, sizeBytes - tail.Length, tail, cancel) is not { } read) return null;
        if (read < tail.Length) throw new WireFormatException("it is shorter than the listing says");
        int wanted = PackFormat.TailBytes(PackFormat.ReadCount(tail.AsSpan(tail.Length - PackFormat.TrailerBytes), sizeBytes));
        if (wanted > tail.Length)
        {
            tail = new byte[wanted];
            if (await _folder.ReadAsync(pack.FileName, sizeBytes - wanted, tail, cancel) != wanted) return null;
        }

        return PackFormat.ReadTail(tail.AsSpan(tail.Length - wanted), sizeBytes);
    }

    /// <summary>The index was wrong: it is made anew from what is there.</summary>
    private async Task RebuildIndexAsync(CancellationToken cancel)
    {
        // Cleared only when the folder is there: what is known of a folder that is away is all there is.
        PackIndex index = await MeetIndexAsync(cancel);
        Task<PackIndex> listing;
        lock (_meeting)
        {
            if (_listing is not { IsCompleted: false })
            {
                index.Clear();
                _isListed = false;
            }

            listing = ListHeld();
        }

        await listing.WaitAsync(cancel);
    }
}
