using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Pushing;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Fetching;

/// <summary>
/// Copies what one storage has of a volume to another one, whatever else there is: files, conflicts and snapshots. Everything is opened and hashed on the way, and so is what the other one has already, unless it is known for
/// sure there. May be cancelled at any point and run again: what is there is not copied again. One run; the counters may be read meanwhile.
/// </summary>
internal sealed class StorageSync(VolumeConfig config, OpenVolume volume, IObjectStore from, IObjectStore to, IMetadataStore metadata)
{
    private readonly HeldChunks _source = new(volume.Keys, from);
    private readonly HeldChunks _target = new(volume.Keys, to);
    private long _chunks, _copiedChunks, _copiedBytes, _absentChunks, _damagedChunks;

    /// <summary>Looked at.</summary>
    public long Chunks => Interlocked.Read(ref _chunks);

    public long CopiedChunks => Interlocked.Read(ref _copiedChunks);

    public long CopiedBytes => Interlocked.Read(ref _copiedBytes);

    /// <summary>In neither of both.</summary>
    public long AbsentChunks => Interlocked.Read(ref _absentChunks);

    /// <summary>Damaged where they were to be copied from, and not in the other one.</summary>
    public long DamagedChunks => Interlocked.Read(ref _damagedChunks);

    /// <summary>What was damaged or could not be followed first, for people; null for nothing.</summary>
    public string? Problem { get; private set; }

    /// <exception cref="StoreException">One of both cannot be reached, is full, or is not the one it was.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        await MeetAsync(from, cancel);
        await MeetAsync(to, cancel);
        if (to is RemoteStore target) await target.RequireLeaseAsync(cancel);
        using IMetadataSnapshot view = metadata.Snapshot();

        // What leads to other chunks is read from wherever it is.
        var walk = new VolumeReachability(view, config.LocalNumber, [], new HeldChunks(volume.Keys, volume.Stores)) { From = ContentRoots.All & ~ContentRoots.Working };
        await foreach (ReachableChunk chunk in walk.WalkAsync(cancel))
        {
            if (chunk.Failure is { } failure) Problem ??= $"{chunk.Origin.Describe()}: {failure.Message}";
            Interlocked.Increment(ref _chunks);
            await CopyAsync(chunk, cancel);
        }

        await to.SyncAsync(cancel);
    }

    private static async Task MeetAsync(IObjectStore store, CancellationToken cancel)
    {
        if (store is not RemoteStore remote) return;
        await remote.MeetAsync(cancel);
        await remote.RefreshAsync(cancel);
    }

    private async ValueTask CopyAsync(ReachableChunk chunk, CancellationToken cancel)
    {
        string? damage = null;
        foreach (SharingKey key in _source.KeysFor(chunk.KeyEpoch))
        {
            ObjectId id = ObjectNaming.IdOf(key, chunk.Type, chunk.Level, chunk.Key);
            if (await IsThereAsync(key, id, chunk, cancel)) return;
            try
            {
                if (await _source.GetSealedAsync(key, chunk.Type, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel) is not var (_, bytes)) continue;
                using IMemoryOwner<byte> owned = bytes;
                await to.PutAsync(id, owned.Memory, cancel);
                Interlocked.Increment(ref _copiedChunks);
                Interlocked.Add(ref _copiedBytes, owned.Memory.Length);
                return;
            }
            catch (CorruptObjectException e)
            {
                damage = e.Message; // under another key it may be whole
            }
        }

        if (damage is null)
        {
            Interlocked.Increment(ref _absentChunks);
            return;
        }

        Interlocked.Increment(ref _damagedChunks);
        Problem ??= $"{chunk.Origin.Describe()}: {damage}";
    }

    /// <summary>Whether the target has it: by what this node knows for sure, or by reading it.</summary>
    private async ValueTask<bool> IsThereAsync(SharingKey key, ObjectId id, ReachableChunk chunk, CancellationToken cancel)
    {
        if (to is RemoteStore remote && remote.Rely(id)) return true;
        try
        {
            if (!await to.TouchAsync(id, cancel)) return false;
            if (await _target.GetSealedAsync(key, chunk.Type, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel) is not var (_, bytes)) return false;
            bytes.Dispose();
            if (to is not RemoteStore seen) return true;
            seen.NoteVerified(id, bytes);
            return seen.Rely(id);
        }
        catch (CorruptObjectException)
        {
            return false; // it is replaced
        }
    }
}
