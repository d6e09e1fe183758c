using Bazil.Core;
using Bazil.Remotes.Folders;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

public sealed partial class PackStore
{
    private readonly List<string> _damaged = []; // guarded by itself

    private volatile string? _unreadable; // why a pack could not be looked into by the last listing; null when all were

    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _meeting = new();
    private Task<PackIndex>? _listing; // the last one, or the one that runs: all who come meanwhile share it and its failure
    private bool _isListed; // at least one has succeeded
    private long _nextListing; // not before this, as the clock's timestamps have it

    /// <summary>What is there may be other than the index says. The lock is held.</summary>
    private bool IsListingDue => !_isListed || _time.GetTimestamp() >= _nextListing || _listing is { IsCompleted: false };

    /// <summary>Packs whose directory cannot be read: their objects are found only if the index knew them before.</summary>
    public IReadOnlyList<string> DamagedPacks
    {
        get
        {
            lock (_damaged) return [.. _damaged];
        }
    }

    /// <summary>Makes sure that the folder is there now and is the store that it is taken for, and returns the store's id, which stays the same wherever it is moved. Costs a small read.</summary>
    /// <exception cref="StoreException">It is not, or cannot be reached; the message says what to do.</exception>
    public async Task<Guid> MeetAsync(CancellationToken cancel)
    {
        Task<PackIndex>? listing = null;
        lock (_meeting)
        {
            if (!_isListed) listing = ListHeld();
        }

        return new Guid(listing is null ? await ReadMarkAsync(cancel) : (await listing.WaitAsync(cancel)).StoreId, bigEndian: true);
    }

    /// <summary>When the folder was there last, as far as this node remembers.</summary>
    public DateTimeOffset? LastMet => PackStoreMark.RecallTime(_metadata, Name);

    /// <summary>The id of the store that was met at an address; null before it is met.</summary>
    public static Guid? Recall(IMetadataStore metadata, string address) => PackStoreMark.Recall(metadata, address) is { } id ? new Guid(id, bigEndian: true) : null;

    /// <summary>Whether no other address leads to the store that was met at this one.</summary>
    public static bool IsLastAddress(IMetadataStore metadata, string address) => PackStoreMark.Recall(metadata, address) is { } id && PackStoreMark.CountAddresses(metadata, id) == 1;

    /// <summary>
    /// Forgets what was met at an address, so that another store may take its place there. Only while no store is open for it. What is known of the store stays while another address leads to it.
    /// </summary>
    public static void Forget(IMetadataStore metadata, string address)
    {
        if (PackStoreMark.Recall(metadata, address) is not { } id) return;

        PackStoreMark.Forget(metadata, address);
        if (PackStoreMark.CountAddresses(metadata, id) == 0) new PackIndex(metadata, id).Clear();
    }

    /// <summary>Looks what is there now, unless it was done a moment ago: packs that others wrote are found, and what is gone is forgotten.</summary>
    /// <exception cref="StoreException">The folder cannot be listed.</exception>
    public async Task RefreshAsync(CancellationToken cancel) => await ListPacksAsync(cancel);

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
            if (IsListingDue) listing = ListHeld();
        }

        return listing is null ? _index! : await listing.WaitAsync(cancel);
    }

    /// <summary>The listing that runs, or a new one. The lock is held.</summary>
    private Task<PackIndex> ListHeld() => _listing is { IsCompleted: false } running ? running : _listing = ListNowAsync();

    private async Task<PackIndex> ListNowAsync()
    {
        await Task.Yield(); // the caller holds the lock
        using var limit = new CancellationTokenSource(Limits.ListTimeMax, _time);
        try
        {
            return await ListAsync(limit);
        }
        catch (OperationCanceledException e) when (limit.IsCancellationRequested)
        {
            throw new StoreException($"{Name} was not listed within {Limits.ListTimeMax.TotalMinutes:0} minutes; what was found is kept", e) { IsUnreachable = true };
        }
    }

    private async Task<PackIndex> ListAsync(CancellationTokenSource limit)
    {
        long began = _time.GetTimestamp();
        byte[] found = await ReadMarkAsync(limit.Token);
        PackIndex index = _index ??= new PackIndex(_metadata, found);
        index.Begin(_entropy);
        bool isFirst;
        lock (_meeting) isFirst = !_isListed;
        if (isFirst) await WithLeasesAsync(leases => leases.NoteOldRowsAsync(limit.Token), limit.Token);
        await DiscoverAsync(index, limit.Token);
        lock (_meeting)
        {
            _isListed = true;
            TimeSpan pause = _time.GetElapsedTime(began) * Limits.ListPausePerListing;
            _nextListing = _time.GetTimestamp() + (long)((pause > Limits.ListIntervalMin ? pause : Limits.ListIntervalMin).TotalSeconds * _time.TimestampFrequency);
        }

        return index;
    }

    /// <summary>The id of the store that is there now; never of another one than was met at this address before.</summary>
    private async Task<byte[]> ReadMarkAsync(CancellationToken cancel)
    {
        byte[]? remembered = PackStoreMark.Recall(_metadata, Name);
        byte[] found = await PackStoreMark.ReadOrMakeAsync(_folder, _entropy, _mayMake && remembered is null, cancel);
        if (remembered is not null && !remembered.AsSpan().SequenceEqual(found))
        {
            throw new StoreException($"{Name} is another store than before ({Convert.ToHexStringLower(found)} instead of {Convert.ToHexStringLower(remembered)}); put the right one back, or remove this storage and add it again");
        }

        PackStoreMark.Remember(_metadata, Name, found, _time.GetUtcNow());
        return found;
    }

    /// <summary>Forgets what is not there any more, and looks into packs that others wrote, or that this node wrote before its database was lost.</summary>
    private async Task DiscoverAsync(PackIndex index, CancellationToken cancel)
    {
        bool isAnew = Leases().MustLookAnew;
        int forgot = Volatile.Read(ref _forgot);
        List<(PackId Id, long SizeBytes)> listed = [];
        lock (_damaged) _damaged.Clear();

        // Taken first: what is noted while the folder is listed need not be in the listing.
        Dictionary<PackId, PackUse> gone = index.ListPacks().ToDictionary(static pack => pack.Id, static pack => pack.Use);
        var others = new PackQuota(gone.Values);
        List<(PackId Id, long SizeBytes)> unknown = [];
        string? unreadable = null;
        await foreach (RemoteFile file in _folder.ListAsync(PackId.Directory, cancel))
        {
            if (!PackId.TryParseFileName(file.Name, out PackId pack)) continue;
            if (isAnew) listed.Add((pack, file.SizeBytes));
            if (gone.TryGetValue(pack, out PackUse known) && (known.IsDoomed ? known.SizeBytes > 0 : known.SizeBytes == file.SizeBytes)) gone.Remove(pack);
            else if (gone.ContainsKey(pack) || index.FindPack(pack) is null)
            {
                if (pack.IsOf(_identity.PeerId) || others.Take(file.SizeBytes)) unknown.Add((pack, file.SizeBytes));
                else NoteDamaged(unreadable = $"{pack.FileName}: there are more packs of other nodes than are looked into");
                if (known.IsDoomed) gone.Remove(pack); // announced before it was looked into
            }
        }

        // A listing may leave one out. What is announced has to stay noted as that, or it is taken for a pack like any other when it is listed again.
        foreach (PackId[] some in gone.Where(static pack => pack.Value.IsDoomed).Select(static pack => pack.Key).Chunk(Limits.PackLookups).ToList())
        {
            bool[] there = await Task.WhenAll(some.Select(pack => IsThereAsync(pack, cancel)));
            foreach ((PackId pack, bool isThere) in some.Zip(there))
            {
                if (isThere) gone.Remove(pack);
            }
        }

        HashSet<PackId> announced = [.. gone.Where(static pack => pack.Value is { IsDoomed: true, WantedBytes: 0 }).Select(static pack => pack.Key)];
        announced.ExceptWith(index.Recount(announced, cancel));
        foreach (PackId removed in announced)
        {
            index.RemovePack(removed); // as was announced
            gone.Remove(removed);
        }

        if (gone.Count > 0)
        {
            // The one that was listed may have been put in the place of the right one a moment ago.
            await ReadMarkAsync(cancel);

            // Somebody may have put back an older state of the folder, leases included.
            Interlocked.Increment(ref _losses);
            _lease = null;

            // Before the unknown ones: they may have what lay in these, and so may known ones.
            index.Drop(gone.Keys.ToHashSet(), _entropy, cancel);
            unknown.AddRange(index.ListPacks().Where(static pack => pack.Use is { HasSpare: true, IsDoomed: false }).Select(static pack => (pack.Id, pack.Use.SizeBytes)));
        }

        try
        {
            // What old rows forgot while the folder was away is nowhere in them, though its pack is known.
            unknown.AddRange(listed.Where(pack => index.FindPack(pack.Id) is { SizeBytes: > 0 }));
            string? problem = await LookIntoAsync(index, unknown, cancel, isAnew);
            if (isAnew && problem is null) await WithLeasesAsync(leases => NoteLooked(leases, forgot), cancel);
            _unreadable = problem ?? unreadable;
        }
        finally
        {
            if (gone.Count > 0) Lost?.Invoke(); // the next listing does not know of it any more
        }
    }

    /// <summary>All packs were looked into. That counts only when no sweep, which began before the rows were known to be old, forgot anything meanwhile.</summary>
    private void NoteLooked(PackLeases leases, int forgot)
    {
        if (Volatile.Read(ref _forgetting) == 0 && Volatile.Read(ref _forgot) == forgot) leases.NoteLook(isDone: true);
    }

    /// <summary>Whether a pack is there by its name. True when that cannot be asked.</summary>
    private async Task<bool> IsThereAsync(PackId pack, CancellationToken cancel)
    {
        try
        {
            return await _folder.ReadAsync(pack.FileName, 0, new byte[1], cancel) is not null;
        }
        catch (StoreException)
        {
            return true;
        }
    }

    /// <param name="isAll">What lies in packs that are announced counts as hearsay, too.</param>
    /// <returns>Why one of them could not be looked into; null when all were.</returns>
    private async Task<string?> LookIntoAsync(PackIndex index, List<(PackId Id, long SizeBytes)> packs, CancellationToken cancel, bool isAll = false)
    {
        using var lookups = new SemaphoreSlim(Limits.PackLookups);
        var running = new List<Task<string?>>();
        string? problem = null;
        try
        {
            foreach ((PackId pack, long sizeBytes) in packs)
            {
                await lookups.WaitAsync(cancel);
                problem ??= running.Find(static task => task.IsCompletedSuccessfully && task.Result is not null)?.Result;
                running.RemoveAll(static task => task.IsCompletedSuccessfully);
                running.Add(LookIntoAsync(index, pack, sizeBytes, isAll, lookups, cancel));
            }
        }
        finally
        {
            await Task.WhenAll(running);
        }

        foreach (Task<string?> last in running) problem ??= await last;
        return problem;
    }

    private async Task<string?> LookIntoAsync(PackIndex index, PackId pack, long sizeBytes, bool isAll, SemaphoreSlim lookups, CancellationToken cancel)
    {
        try
        {
            if (await ReadTailAsync(pack, sizeBytes, cancel) is { } entries) index.AddFound(pack, sizeBytes, entries, pack.IsOf(_identity.PeerId), isAll);
            return null;
        }
        catch (Exception e) when (e is WireFormatException or StoreException { IsUnreachable: false })
        {
            // The others are not to suffer. What is damaged is told, and its objects are read from elsewhere.
            string problem = $"{pack.FileName}: {e.Message}";
            NoteDamaged(problem);
            return problem;
        }
        finally
        {
            lookups.Release();
        }
    }

    private void NoteDamaged(string problem)
    {
        lock (_damaged)
        {
            if (_damaged.Count < Limits.DamagedPacksNamed) _damaged.Add(problem);
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

    /// <summary>Whatever the index does not know is looked for there before it counts as missing.</summary>
    private void NoteListingDue()
    {
        lock (_meeting) _nextListing = long.MinValue;
    }

    /// <summary>The index was wrong: what is there is listed, by whatever listing is under way or a new one.</summary>
    private async Task ListAnewAsync(CancellationToken cancel)
    {
        Task<PackIndex> listing;
        lock (_meeting) listing = ListHeld();
        await listing.WaitAsync(cancel);
    }
}
