using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Remotes.Packs;
using Bazil.Server.Pushing;
using Bazil.Server.Storages;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Caching;

/// <summary>Marks what may not be evicted: what is pinned, what no member knows of, and what waits to be copied elsewhere. For one run.</summary>
internal sealed class EvictionKeeping(ObjectEviction eviction, IMetadataReader view, EvictionParts parts, Pace pace)
{
    private readonly ObjectFilter _queued = new(parts.Entropy);

    /// <summary>Only data goes: what names it is small, and needed to find it again, to browse without a network, and to collect garbage.</summary>
    public static bool IsData(in ReachableChunk chunk) => chunk is { Type: ChunkType.File, Level: 0 };

    /// <summary>Why an object stays that is kept, as far as that is known.</summary>
    public string WhyKept(in ObjectId id) => _queued.MayContain(id)
        ? "waits to be copied to a storage of the volume"
        : "part of something that stays: what is pinned, open, in conflict, in the trash, held for a peer, or in another volume";

    /// <exception cref="StoreException">What is not saved or published yet cannot be read, so what it needs is not known.</exception>
    public async Task KeepAsync(EvictedVolume volume, CancellationToken cancel)
    {
        VolumeReachability unpublished = new(view, volume.Config.LocalNumber, volume.Held, volume.Chunks)
        {
            From = ContentRoots.Siblings | ContentRoots.Open | ContentRoots.Working, KeepsTrash = true, KeepsAdopted = true, ScratchDirectory = parts.ScratchDirectory,
        };
        await foreach (ReachableChunk chunk in unpublished.WalkAsync(cancel))
        {
            // What was never here is not needed here; all that was written here is.
            if (chunk.Failure is { } failure and not ChunkNotFoundException) throw new StoreException($"nothing is evicted: volume {volume.Config.Name}, {chunk.Origin.Describe()} cannot be read: {failure.Message}", failure);
            foreach (ObjectId id in volume.Content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch)) eviction.Keep(id);
            await pace.StepAsync(cancel);
        }

        foreach (HeldContent held in volume.Held) volume.Staying[held.Inode] = "open";
        foreach (InodeId file in volume.Open.Volume.ListPinnedFiles())
        {
            volume.Staying[file] = "pinned";
            foreach (Manifest content in volume.Open.Volume.ContentOf(file))
            {
                await foreach (BlobSubtree data in volume.Content.ListDataAsync(content, cancel))
                {
                    foreach (ObjectId id in volume.Content.IdsOf(data)) eviction.Keep(id);
                }
            }

            await pace.StepAsync(cancel);
        }
    }

    /// <summary>
    /// What waits to be copied to a storage of the volume stays, also when its policy is met without: this machine sends what it has itself, and nobody else may send it. Of a storage that nothing is known of yet, that is everything.
    /// </summary>
    public async Task KeepQueuedAsync(EvictedVolume volume, CancellationToken cancel)
    {
        string epochs = PushMark.EpochsOf(volume.Open.Keys);
        foreach (StorageAddress address in volume.Config.Storages.Select(static storage => storage.Address).Where(static address => address.IsRemote))
        {
            RemoteStore store = parts.Storages.OpenRemote(address);
            PushMark? mark = PackStore.Recall(parts.Metadata, address.ToString()!) is { } id ? PushMark.Read(view, volume.Config.Id, id) : null;
            ContentMark? copied = mark is not null && mark.StillCounts(epochs, store.Generation) ? mark.Content : null;
            var queued = new VolumeReachability(view, volume.Config.LocalNumber, [], volume.Chunks) { Beyond = copied, From = PushPass.Copied, ScratchDirectory = parts.ScratchDirectory };
            await foreach (ReachableChunk chunk in queued.WalkAsync(cancel))
            {
                if (chunk.Failure is { } failure and not ChunkNotFoundException) throw new StoreException($"nothing is evicted: volume {volume.Config.Name}, {chunk.Origin.Describe()} cannot be read: {failure.Message}", failure);
                if (IsData(chunk)) KeepUncopied(volume.Content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch), store);
                await pace.StepAsync(cancel);
            }
        }
    }

    /// <summary>What two volumes have stays: each has storages and members of its own, and a copy that counts for one may be out of reach of the other.</summary>
    public async Task KeepSharedAsync(IReadOnlyList<EvictedVolume> volumes, CancellationToken cancel)
    {
        if (volumes.Count < 2) return;
        var before = new List<ObjectFilter>();
        foreach (EvictedVolume volume in volumes)
        {
            var own = new ObjectFilter(parts.Entropy);
            await foreach (ReachableChunk chunk in EvictionRun.WalkOf(volume, view, ContentRoots.Shown | ContentRoots.Snapshots, parts).WalkAsync(cancel))
            {
                if (!IsData(chunk)) continue;
                foreach (ObjectId id in volume.Content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch))
                {
                    ObjectId met = id;
                    if (before.Any(other => other.MayContain(met))) eviction.Keep(id);
                    own.Add(id);
                }

                await pace.StepAsync(cancel);
            }

            before.Add(own);
        }
    }

    private void KeepUncopied(IEnumerable<ObjectId> names, RemoteStore store)
    {
        ObjectId[] ids = [.. names];
        if (ids.Any(id => store.IsCopied(id))) return;
        foreach (ObjectId id in ids)
        {
            eviction.Keep(id);
            _queued.Add(id);
        }
    }
}
