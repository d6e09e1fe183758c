using System.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

public sealed partial class PackStore
{
    /// <summary>
    /// Gives back the room of deleted objects: packs that hold nothing wanted are removed, the objects of those that hold little are moved into new ones first.
    /// Only packs that this node wrote, by its index, are touched: what other nodes need of theirs is not known here. Returns the bytes that were given back.
    /// </summary>
    public async Task<long> ReclaimAsync(CancellationToken cancel)
    {
        await MeetAsync(cancel);
        PackIndex index = _index!;
        long before = 0, moved = 0;
        var doomed = new List<PackId>();
        foreach ((PackId pack, PackUse use) in index.ListPacks().ToList())
        {
            if (!use.IsOwn || !use.IsMostlyEmpty) continue;
            if (use.WantedBytes > 0) moved += await MoveAsync(index, pack, use.SizeBytes, cancel);
            before += use.SizeBytes;
            doomed.Add(pack);
        }

        // What was moved is in the folder before anything is removed from it.
        await SyncAsync(cancel);
        foreach (PackId pack in doomed)
        {
            if (index.FindPack(pack) is not { WantedBytes: 0 }) continue;
            await _folder.DeleteAsync(pack.FileName, cancel);
            index.RemovePack(pack);
        }

        return before - moved;
    }

    private async Task<long> MoveAsync(PackIndex index, PackId pack, long sizeBytes, CancellationToken cancel)
    {
        long moved = 0;
        foreach (PackEntry entry in await ReadTailAsync(pack, sizeBytes, cancel) ?? [])
        {
            var location = new PackLocation(pack, entry.Offset, entry.Length, entry.Checksum, PackTrust.None);
            if (index.Find(entry.Id) is not { } known || !known.IsAt(location)) continue;
            using IMemoryOwner<byte> bytes = await ReadAsync(entry.Id, location, cancel) ?? throw new StoreException($"{Name}: {pack.FileName} is gone while its objects are moved");
            await MoveAsync(entry, bytes.Memory, cancel);
            moved += entry.Length;
        }

        return moved;
    }

    /// <summary>Like a put, but of an object that is known to be there.</summary>
    private async Task MoveAsync(PackEntry entry, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        for (;;)
        {
            lock (_packs)
            {
                if (TryFindWaiting(entry.Id, out _, out _)) return;
                if (_open.HasRoomFor(bytes.Length))
                {
                    Gather(entry.Id, bytes.Span, entry.Checksum);
                    return;
                }
            }

            await SyncAsync(cancel);
        }
    }
}
