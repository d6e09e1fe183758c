using Bazil.Core;
using Bazil.Remotes.Folders;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

public sealed partial class PackStore
{
    private readonly List<string> _damaged = []; // guarded by _meeting

    /// <summary>Packs whose directory cannot be read: their objects are found only if the index knew them before.</summary>
    public IReadOnlyList<string> DamagedPacks
    {
        get
        {
            lock (_damaged) return [.. _damaged];
        }
    }

    /// <summary>Makes sure that the folder is the store it is taken for and that all its packs are known.</summary>
    private async ValueTask<PackIndex> MeetAsync(CancellationToken cancel)
    {
        if (_isKnown) return _index!;
        await _meeting.WaitAsync(cancel);
        try
        {
            if (_isKnown) return _index!;
            byte[]? remembered = PackStoreMark.Recall(_metadata, Name);
            byte[] found = await PackStoreMark.ReadOrMakeAsync(_folder, _entropy, _mayMake && remembered is null, cancel);
            if (remembered is not null && !remembered.AsSpan().SequenceEqual(found))
            {
                throw new StoreException($"{Name} is another store than before ({Convert.ToHexStringLower(found)} instead of {Convert.ToHexStringLower(remembered)}); put the right one back, or remove this storage and add it again");
            }

            if (remembered is null) PackStoreMark.Remember(_metadata, Name, found);
            _index ??= new PackIndex(_metadata, found);
            await DiscoverAsync(_index, cancel);
            _isKnown = true;
            return _index;
        }
        finally
        {
            _meeting.Release();
        }
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
    private async Task ForgetPacksAsync(CancellationToken cancel)
    {
        await _meeting.WaitAsync(cancel);
        try
        {
            _isKnown = false;
            _index?.Clear();
        }
        finally
        {
            _meeting.Release();
        }

        await MeetAsync(cancel);
    }
}
