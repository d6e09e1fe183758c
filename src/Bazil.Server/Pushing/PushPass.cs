using System.Buffers;
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
/// One look at what of a volume is not in a store yet, and its way there: what has changed since the mark, or everything when there is no mark, the volume has other keys since, or
/// the last look at everything is long ago. Sends what this machine has itself. One run.
/// </summary>
/// <param name="sent">Told the bytes of each object that was handed over; returns when more may be.</param>
internal sealed class PushPass(VolumeConfig config, OpenVolume volume, RemoteStore store, IMetadataStore metadata, TimeProvider time, Func<int, CancellationToken, ValueTask> sent)
{
    private readonly HeldChunks _chunks = new(volume.Keys, volume.Stores.Local);

    /// <summary>What could not be sent because this machine does not have it, or not whole: whoever has it sends it.</summary>
    public long AbsentChunks { get; private set; }

    /// <summary>Everything was looked at, and not only what has changed.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>True when there was more than one look may take: another one is due.</summary>
    public bool IsCutShort { get; private set; }

    /// <returns>The id of the store.</returns>
    /// <exception cref="StoreException">A store failed; what was sent is not sent again.</exception>
    public async Task<Guid> RunAsync(CancellationToken cancel)
    {
        Guid storeId = await store.MeetAsync(cancel);
        string epochs = string.Join(' ', volume.Keys.Epochs.Epochs.Select(static epoch => epoch.Key.ToString()));
        long began = time.GetTimestamp(), now = time.GetUtcNow().ToUnixTimeSeconds();
        PushMark? mark = PushMark.Read(metadata, config.Id, storeId);
        IsWhole = mark is null || mark.Epochs != epochs || now - mark.GoneThrough > Limits.PushWholeInterval.TotalSeconds || mark.GoneThrough > now;
        using IMetadataSnapshot view = metadata.Snapshot();
        ContentMark content = ContentMark.Of(view, config.LocalNumber);
        if (!IsWhole && content.Equals(mark!.Content)) return storeId;

        var walk = new VolumeReachability(view, config.LocalNumber, [], _chunks) { Beyond = IsWhole ? null : mark!.Content, IsPublishedOnly = true };
        await foreach (ReachableChunk chunk in walk.WalkAsync(cancel))
        {
            await SendAsync(chunk, cancel);
            IsCutShort = time.GetElapsedTime(began) > Limits.PushPassMax;
            if (IsCutShort) break;
        }

        await store.SyncAsync(cancel);
        if (!IsCutShort) new PushMark(IsWhole ? now : mark!.GoneThrough, epochs, content).Commit(metadata, config.Id, storeId);
        return storeId;
    }

    private async ValueTask SendAsync(ReachableChunk chunk, CancellationToken cancel)
    {
        try
        {
            foreach (SharingKey key in _chunks.KeysFor(chunk.KeyEpoch))
            {
                if (store.Knows(ObjectNaming.IdOf(key, chunk.Type, chunk.Level, chunk.Key))) return;
                if (await _chunks.GetSealedAsync(key, chunk.Type, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel) is not var (id, bytes)) continue;
                using IMemoryOwner<byte> owned = bytes;
                await store.PutAsync(id, owned.Memory, cancel);
                await sent(owned.Memory.Length, cancel);
                return;
            }
        }
        catch (CorruptObjectException)
        {
            // A scrub heals it or names what is lost; a later look at everything sends it then.
        }

        AbsentChunks++;
    }
}
