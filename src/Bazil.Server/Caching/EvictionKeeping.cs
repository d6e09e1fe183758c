using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Caching;

/// <summary>Marks what may not be evicted: what is pinned, and what no member knows of. For one run.</summary>
internal sealed class EvictionKeeping(ObjectEviction eviction, IMetadataReader view, EvictionParts parts, Pace pace)
{
    /// <summary>Only data goes: what names it is small, and needed to find it again, to browse without a network, and to collect garbage.</summary>
    public static bool IsData(in ReachableChunk chunk) => chunk is { Type: ChunkType.File, Level: 0 };

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
}
