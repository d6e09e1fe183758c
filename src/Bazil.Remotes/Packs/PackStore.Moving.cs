using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

/// <summary>Objects of packs that are to be removed.</summary>
public sealed partial class PackStore
{
    /// <summary>Writes what the index finds in some packs anew, unless another pack has it. Why something is left in them is noted.</summary>
    private async Task MoveAllAsync(PackIndex index, PackId[] packs, ReclaimTally tally, Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel)
    {
        Dictionary<ObjectId, PackLocation> wanted = await FindInAsync(index, packs, cancel);
        Dictionary<ObjectId, PackLocation> copies = wanted.Count == 0 ? [] : await FindCopiesAsync(index, wanted, cancel);
        foreach ((ObjectId id, PackLocation location) in wanted)
        {
            if (copies.TryGetValue(id, out PackLocation copy) && await TakeCopyAsync(index, id, location, copy, tally, cancel)) continue;
            await MoveAsync(id, location, tally, moved, cancel);
        }

        // In the folder, and noted, before anything is said about the packs.
        await SyncAsync(cancel);
    }

    /// <summary>What the index finds in some packs: by the packs' own directories, or where these cannot be read, by all rows.</summary>
    private async Task<Dictionary<ObjectId, PackLocation>> FindInAsync(PackIndex index, PackId[] packs, CancellationToken cancel)
    {
        var found = new Dictionary<ObjectId, PackLocation>();
        var unreadable = new HashSet<PackId>();
        foreach (PackId pack in packs)
        {
            if (index.FindPack(pack) is not { WantedBytes: > 0 } use) continue;
            if (await TryReadTailAsync(pack, use.SizeBytes, cancel) is not { } entries)
            {
                unreadable.Add(pack);
                continue;
            }

            foreach (PackEntry entry in entries)
            {
                if (index.Find(entry.Id) is { } location && location.Pack == pack) found[entry.Id] = location;
            }
        }

        if (unreadable.Count == 0) return found;
        foreach ((ObjectId id, PackLocation location) in index.ListLocations().Where(entry => unreadable.Contains(entry.Location.Pack)))
        {
            cancel.ThrowIfCancellationRequested();
            found[id] = location;
        }

        return found;
    }

    /// <summary>Other copies of the same bytes: whoever removes a pack has written what it needs of it anew, and that may do for this node, too.</summary>
    private async Task<Dictionary<ObjectId, PackLocation>> FindCopiesAsync(PackIndex index, Dictionary<ObjectId, PackLocation> wanted, CancellationToken cancel)
    {
        var copies = new Dictionary<ObjectId, PackLocation>();
        foreach ((PackId pack, PackUse use) in index.ListPacks().Where(static pack => pack.Use is { HasSpare: true, IsDoomed: false }).ToList())
        {
            foreach (PackEntry entry in await TryReadTailAsync(pack, use.SizeBytes, cancel) ?? [])
            {
                if (!wanted.TryGetValue(entry.Id, out PackLocation location) || location.Pack == pack || location.Checksum != entry.Checksum || location.Length != entry.Length) continue;
                copies[entry.Id] = location with { Pack = pack, Offset = entry.Offset };
            }
        }

        return copies;
    }

    /// <summary>Takes a copy for an object's place, after it was read if this node relies on the object.</summary>
    private async Task<bool> TakeCopyAsync(PackIndex index, ObjectId id, PackLocation location, PackLocation copy, ReclaimTally tally, CancellationToken cancel)
    {
        if (location.Trust == PackTrust.Verified)
        {
            using IMemoryOwner<byte> buffer = Storage.Buffers.BufferPool.Shared.Rent(copy.Length);
            int? read = copy.Length == 0 ? 0 : await _folder.ReadAsync(copy.Pack.FileName, copy.Offset, buffer.Memory, cancel);
            if (read != copy.Length || ObjectChecksum.Of(buffer.Memory.Span) != copy.Checksum) return false;
            tally.Move(copy.Length);
        }

        return index.TryMove(id, location, copy);
    }

    /// <summary>Like a put, but of an object that is known to be there, and with no more trust in it than before.</summary>
    private async Task MoveAsync(ObjectId id, PackLocation location, ReclaimTally tally, Func<int, CancellationToken, ValueTask>? moved, CancellationToken cancel)
    {
        try
        {
            using IMemoryOwner<byte>? bytes = await ReadAsync(id, location, cancel);
            if (bytes is null) tally.Note($"{location.Pack.FileName} is gone, and so is object {id} in it");
            else await GatherMovedAsync(id, bytes.Memory, location, cancel);
            tally.Move(location.Length);
            if (moved is not null) await moved(location.Length, cancel);
        }
        catch (CorruptObjectException e)
        {
            // The others are moved all the same. This one stays where it is, and its pack with it, until it is replaced from elsewhere or nothing refers to it.
            tally.Note(e.Message);
        }
    }

    private async Task GatherMovedAsync(ObjectId id, ReadOnlyMemory<byte> bytes, PackLocation location, CancellationToken cancel)
    {
        for (;;)
        {
            lock (_packs)
            {
                // Whoever has put it meanwhile knows better.
                if (TryFindWaitingHeld(id, out _, out _) is not null || _index!.Find(id) is not { } found || !found.IsAt(location)) return;
                if (_open.HasRoomFor(bytes.Length))
                {
                    Gather(id, bytes.Span, location.Checksum, location.Trust);
                    return;
                }
            }

            await SyncAsync(cancel);
        }
    }

    /// <summary>Why the directory of a pack cannot be read; null when it can, or the pack is gone.</summary>
    /// <param name="sizeBytes">Of its file; 0 when that is not known, for it was removed.</param>
    private async Task<string?> FindDamageAsync(PackId pack, long sizeBytes, CancellationToken cancel)
    {
        try
        {
            if (sizeBytes > 0) await ReadTailAsync(pack, sizeBytes, cancel);
            return null;
        }
        catch (Exception e) when (e is WireFormatException or StoreException { IsUnreachable: false })
        {
            return e.Message; // named by the caller
        }
    }

    /// <summary>The directory of a pack; null when it cannot be read or the pack is gone.</summary>
    private async Task<PackEntry[]?> TryReadTailAsync(PackId pack, long sizeBytes, CancellationToken cancel)
    {
        try
        {
            return await ReadTailAsync(pack, sizeBytes, cancel);
        }
        catch (Exception e) when (e is WireFormatException or StoreException { IsUnreachable: false })
        {
            NoteDamaged($"{pack.FileName}: {e.Message}");
            return null;
        }
    }
}
