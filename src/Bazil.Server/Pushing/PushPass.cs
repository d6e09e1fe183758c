using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Pushing;

/// <summary>
/// One look at what of a volume is not in a store yet, and its way there: what has changed since the mark, or everything when there is no mark, the volume has other keys since, something
/// has turned out not to be in the store any more, or the last look at everything is long ago. Sends what this machine has itself. One run.
/// </summary>
/// <param name="sent">Told the bytes of each object that was handed over; returns when more may be.</param>
internal sealed class PushPass(VolumeConfig config, OpenVolume volume, RemoteStore store, IMetadataStore metadata, TimeProvider time, Func<int, CancellationToken, ValueTask> sent)
{
    private readonly HeldChunks _chunks = new(volume.Keys, volume.Stores.Local);
    private readonly HeldChunks _copies = new(volume.Keys, store);

    /// <summary>What is copied to stores elsewhere: all that is saved and published.</summary>
    public const ContentRoots Copied = ContentRoots.All & ~ContentRoots.Working;

    /// <summary>What could not be sent since everything was looked at, because this machine does not have it, or not whole: whoever has it sends it.</summary>
    public long AbsentChunks { get; private set; }

    /// <summary>True when there was more than one look may take: another one is due.</summary>
    public bool IsCutShort { get; private set; }

    /// <returns>The id of the store.</returns>
    /// <exception cref="StoreException">A store failed; what was sent is not sent again.</exception>
    public async Task<Guid> RunAsync(CancellationToken cancel)
    {
        Guid storeId = await store.MeetAsync(cancel);
        await store.RequireLeaseAsync(cancel);
        string epochs = PushMark.EpochsOf(volume.Keys);
        long began = time.GetTimestamp(), now = time.GetUtcNow().ToUnixTimeSeconds();
        PushMark? mark = PushMark.Read(metadata, config.Id, storeId);
        bool isWhole = mark is null || !mark.StillCounts(epochs, store.Generation) || now - mark.GoneThrough > Limits.PushWholeInterval.TotalSeconds || mark.GoneThrough > now;

        // What somebody has removed there is not known to be there after this.
        if (isWhole) await store.RefreshAsync(cancel);

        // Before anything is looked up: what is lost from here on makes the mark invalid.
        ulong generation = store.Generation;
        using IMetadataSnapshot view = metadata.Snapshot();
        ContentMark content = ContentMark.Of(view, config.LocalNumber);
        if (!isWhole) AbsentChunks = mark!.AbsentChunks;
        if (!isWhole && content.Equals(mark!.Content)) return storeId;

        var walk = new VolumeReachability(view, config.LocalNumber, [], _chunks) { Beyond = isWhole ? null : mark!.Content, From = Copied };
        await foreach (ReachableChunk chunk in walk.WalkAsync(cancel))
        {
            await SendAsync(chunk, cancel);
            IsCutShort = time.GetElapsedTime(began) > Limits.PushPassMax;
            if (IsCutShort) break;
        }

        await store.SyncAsync(cancel);
        if (!IsCutShort) new PushMark(isWhole ? now : mark!.GoneThrough, epochs, generation, AbsentChunks, content).Commit(metadata, config.Id, storeId);
        return storeId;
    }

    private async ValueTask SendAsync(ReachableChunk chunk, CancellationToken cancel)
    {
        if (IsAbsent(chunk.Failure))
        {
            // What lies below is not known, so it may not count as copied, even if the chunk itself is there.
            AbsentChunks++;
            return;
        }

        bool isSaidToBeThere = false;
        try
        {
            foreach (SharingKey key in _chunks.KeysFor(chunk.KeyEpoch))
            {
                ObjectId there = ObjectNaming.IdOf(key, chunk.Type, chunk.Level, chunk.Key);
                if (store.Rely(there)) return;
                isSaidToBeThere |= store.Knows(there);
                if (await _chunks.GetSealedAsync(key, chunk.Type, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel) is not var (id, bytes)) continue;
                using IMemoryOwner<byte> owned = bytes;
                if (store.Knows(id) && await IsThereAsync(key, chunk, cancel) && store.Rely(id)) return;
                await store.PutAsync(id, owned.Memory, cancel);
                await sent(owned.Memory.Length, cancel);
                return;
            }
        }
        catch (CorruptObjectException)
        {
            // A scrub heals it or names what is lost; a later look at everything sends it then.
        }

        // Another node says that it has sent it; one that has it looks whether that is so.
        if (!isSaidToBeThere) AbsentChunks++;
    }

    /// <summary>Whether a chunk could not be read because it is not here, or not whole. Any other failure is one of the pass: it passes, and nothing may be left out because of it.</summary>
    internal static bool IsAbsent(Exception? failure) => failure switch
    {
        null => false,
        ChunkNotFoundException or CorruptObjectException or WireFormatException => true,
        StoreException e => throw new StoreException(e.Message, e) { IsUnreachable = e.IsUnreachable },
        _ => throw new InvariantException($"a chunk was reported with {failure.GetType().Name}"),
    };

    /// <summary>Whether what another node wrote can be read and opened. Asked once for each object.</summary>
    private async ValueTask<bool> IsThereAsync(SharingKey key, ReachableChunk chunk, CancellationToken cancel)
    {
        try
        {
            if (await _copies.GetSealedAsync(key, chunk.Type, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel) is not var (id, bytes)) return false;
            bytes.Dispose();
            store.NoteVerified(id, bytes);
            return true;
        }
        catch (CorruptObjectException)
        {
            return false; // it is sent, and read from there from then on
        }
    }
}
