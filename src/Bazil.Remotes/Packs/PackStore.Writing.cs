using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Packs;

public sealed partial class PackStore
{
    private readonly SemaphoreSlim _uploads = new(Limits.PackUploads);

    // Guards the packs in memory; nothing is waited for while it is held.
    private readonly Lock _packs = new();
    private readonly Dictionary<PackBuilder, Task> _closed = []; // full or synced, not in the folder yet, with what is being done about that
    private PackBuilder _open;

    /// <summary>Gathers the object. Waits while as much as may be is on its way to the folder.</summary>
    /// <exception cref="StoreException">Earlier objects could not be written, and there is no room for this one. They are kept; the next call makes another attempt at them.</exception>
    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        ObjectChecksum checksum = ObjectChecksum.Of(buffer.Span);
        _index?.Restore(id);
        if (TryFindWaiting(id, out PackEntry waiting, out PackTrust trust) ? trust == PackTrust.Verified && waiting.Checksum == checksum : _lease is not null && _index!.Rely(id, checksum)) return;
        for (;;)
        {
            Task? full;
            lock (_packs)
            {
                if (_open.HasRoomFor(buffer.Length))
                {
                    Gather(id, buffer.Span, checksum);
                    return;
                }

                full = _closed.Count < Limits.PackUploads ? null : Task.WhenAny(_closed.Values).Unwrap();
                if (full is null) CloseOpen();
            }

            if (full is not null) await WaitForRoomAsync(full, cancel);
        }
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        bool had = false;
        lock (_packs)
        {
            foreach (PackBuilder pack in (IEnumerable<PackBuilder>)[.. _closed.Keys, _open]) had |= pack.Remove(id);
        }

        return DeleteKnownAsync(id, had, cancel);
    }

    /// <summary>On return, everything that was put is in the folder, which keeps what it took.</summary>
    /// <exception cref="StoreException">Not all of it is; the rest is kept and tried again by the next call.</exception>
    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        for (bool isAll = false; !isAll;)
        {
            lock (_packs)
            {
                // The open pack is closed when there is room for it: what waits is bounded while nothing can be written.
                isAll = _open.IsEmpty || _closed.Count < Limits.PackUploads;
                if (isAll && !_open.IsEmpty) CloseOpen();
            }

            await FlushAsync(cancel);
        }
    }

    /// <summary>Waits until all closed packs are in the folder. What failed before is tried again.</summary>
    private async Task FlushAsync(CancellationToken cancel)
    {
        Task[] uploads;
        lock (_packs)
        {
            foreach ((PackBuilder pack, Task upload) in _closed.ToArray())
            {
                if (upload.IsFaulted || upload.IsCanceled) _closed[pack] = UploadAsync(pack);
            }

            uploads = [.. _closed.Values];
        }

        await Task.WhenAll(uploads).WaitAsync(cancel);
    }

    private async ValueTask<bool> DeleteKnownAsync(ObjectId id, bool had, CancellationToken cancel)
    {
        if (await LocateAsync(id, cancel) is null) return had;
        return _index!.Remove(id) || had;
    }

    /// <summary>Adds to the open pack. Other bytes of the object that wait are not wanted any more, or the later of two uploads would decide.</summary>
    private void Gather(in ObjectId id, ReadOnlySpan<byte> bytes, ObjectChecksum checksum, PackTrust trust = PackTrust.Verified)
    {
        foreach (PackBuilder pack in _closed.Keys) pack.Remove(id);
        _open.Add(id, bytes, checksum, trust);
    }

    private void CloseOpen()
    {
        PackBuilder full = _open;
        _open = NewPack();
        _closed.Add(full, UploadAsync(full));
    }

    private PackBuilder NewPack() => new(PackId.Create(_entropy, _identity.PeerId));

    /// <summary>Writes a pack and notes it. It stays readable from memory until then, and for good if this fails.</summary>
    private async Task UploadAsync(PackBuilder pack)
    {
        await Task.Yield(); // the caller holds the lock
        await _uploads.WaitAsync();
        try
        {
            PackIndex index = await MeetIndexAsync(CancellationToken.None);
            await RequireLeaseAsync(CancellationToken.None);
            ReadOnlyMemory<byte> content;
            lock (_packs) content = pack.Finish();
            if (!await _folder.WriteWhereAsync(PackStoreMark.BeginningOf(index.StoreId), pack.Id.FileName, content, CancellationToken.None))
            {
                await ReadMarkAsync(CancellationToken.None); // says what is there instead
                throw new StoreException($"{Name} was another store a moment ago; it is tried again") { IsUnreachable = true };
            }

            lock (_packs)
            {
                // In one step for readers: it is found in memory until the index has it. What was deleted meanwhile is not noted.
                index.AddWritten(pack.Id, content.Length, pack.Wanted());
                _closed.Remove(pack);
            }
        }
        finally
        {
            _uploads.Release();
        }
    }

    private async Task WaitForRoomAsync(Task upload, CancellationToken cancel)
    {
        try
        {
            await upload.WaitAsync(cancel);
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            // Whatever it was: a pack that nobody tries again would be in the way for ever.
            await FlushAsync(cancel); // one more attempt at all that failed; its failure is the caller's
        }
    }

    private bool TryFindWaiting(in ObjectId id, out PackEntry entry) => TryFindWaiting(id, out entry, out PackTrust _);

    private bool TryFindWaiting(in ObjectId id, out PackEntry entry, out PackTrust trust)
    {
        lock (_packs) return TryFindWaitingHeld(id, out entry, out trust) is not null;
    }

    /// <summary>What is known of an object that waits to be written; null when it does not.</summary>
    private PackTrust? FindWaiting(in ObjectId id) => TryFindWaiting(id, out _, out PackTrust trust) ? trust : null;

    private PackBuilder? TryFindWaitingHeld(in ObjectId id, out PackEntry entry, out PackTrust trust)
    {
        if (_open.TryFind(id, out entry, out trust)) return _open;
        foreach (PackBuilder pack in _closed.Keys)
        {
            if (pack.TryFind(id, out entry, out trust)) return pack;
        }

        return null;
    }

    /// <summary>A copy of an object that waits to be written; null when it does not. The caller disposes it.</summary>
    public IMemoryOwner<byte>? TryCopyWaiting(in ObjectId id)
    {
        lock (_packs)
        {
            if (TryFindWaitingHeld(id, out PackEntry entry, out _) is not { } pack) return null;
            IMemoryOwner<byte> copy = BufferPool.Shared.Rent(entry.Length);
            pack.BytesOf(entry).CopyTo(copy.Memory);
            return copy;
        }
    }

    private HashSet<ObjectId> ListWaiting()
    {
        lock (_packs) return [.. ((IEnumerable<PackBuilder>)[_open, .. _closed.Keys]).SelectMany(static pack => pack.Wanted()).Select(static wanted => wanted.Entry.Id)];
    }
}
