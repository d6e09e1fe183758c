using Bazil.Core;
using Bazil.FileSystem.Eviction;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Storage.Blobs;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Caching;

/// <summary>
/// Evicts content from this node's own store, as <c>docs/cache.md</c> has it: mark what stays, then go through what may go, a thousand objects at a time, and let the stores that count hold each before it goes. May be cancelled at any point and run
/// again. One run; the report may be read when it has ended, the counters meanwhile.
/// </summary>
internal sealed class EvictionRun(EvictionParts parts, EvictionGoal goal, Pace pace)
{
    private readonly List<EvictedVolume> _volumes = [];
    private long _looked, _evictedBytes;
    private EvictionKeeping? _keeping;

    public EvictionReport Report { get; } = new();

    /// <summary>Objects that were looked at.</summary>
    public long Looked => Interlocked.Read(ref _looked);

    public long EvictedBytes => Interlocked.Read(ref _evictedBytes);

    /// <exception cref="CommandFailedException">A volume cannot be opened: it may need anything.</exception>
    /// <exception cref="StoreException">This node's own store failed, or what is not saved yet cannot be read.</exception>
    public Task RunAsync(CancellationToken cancel) => parts.Collector.RunBetweenAsync(() => Task.Run(() => RunAloneAsync(cancel), cancel), cancel);

    private async Task RunAloneAsync(CancellationToken cancel)
    {
        CollectingObjectStore store = parts.Storages.OpenLocal();
        using var terms = new EvictionTerms(parts.Config);
        await OpenVolumesAsync(terms.Volumes, cancel);
        using ObjectEviction eviction = store.BeginEviction((store.Inner as IStoreInventory)?.Usage.ObjectCount ?? 0);

        // A power cut may take changes back, but to no moment before this one: none that is taken back needs what goes (docs/durability.md).
        foreach (EvictedVolume volume in _volumes) await volume.Open.Volume.SyncAsync(cancel);
        foreach (EvictedVolume volume in _volumes) volume.Open.Volume.SaveUses();
        foreach (EvictedVolume volume in _volumes) volume.Held = await volume.Open.Volume.ListHeldContentAsync(cancel);
        using IMetadataSnapshot view = parts.Metadata.Snapshot();
        _keeping = new EvictionKeeping(eviction, view, parts, pace);
        foreach (EvictedVolume volume in _volumes) await _keeping.KeepAsync(volume, cancel);
        foreach (EvictedVolume volume in _volumes) await _keeping.KeepQueuedAsync(volume, cancel);
        await _keeping.KeepSharedAsync(_volumes, cancel);
        parts.Metadata.Sync();

        foreach (EvictedVolume volume in _volumes) volume.Counted.View = new EvictionView(view, volume.Config.LocalNumber);
        var batches = _volumes.ToDictionary(static volume => volume, volume => new EvictionBatch(volume.Counted, RoundOf(volume, eviction, terms)));
        if (goal.Files is null) await EvictSnapshotsAsync(eviction, view, batches, cancel);
        foreach ((EvictedVolume volume, EvictableContent content) in goal.Files is null ? new EvictionOrder(_volumes).Files() : Named())
        {
            if (_evictedBytes >= goal.BytesMax) break;
            await EvictAsync(volume, content, eviction, batches[volume], cancel);
        }

        foreach (EvictionBatch batch in batches.Values) await FlushAsync(batch, cancel);
    }

    private async Task OpenVolumesAsync(IReadOnlyList<VolumeConfig> volumes, CancellationToken cancel)
    {
        foreach (VolumeConfig volume in volumes)
        {
            if (volume.IsImporting) throw new CommandFailedException(ErrorKind.Busy, $"nothing is evicted while volume {volume.Name} is being imported", "try again when that has ended");
            _volumes.Add(new EvictedVolume(volume, await parts.Volumes.OpenAsync(volume.Id, cancel), new CountedStores(volume, parts.Storages, parts.Metadata, parts.Time)));
        }
    }

    private EvictionRound? RoundOf(EvictedVolume volume, ObjectEviction eviction, EvictionTerms terms)
    {
        if (volume.Counted.Required is not { } required) return null;
        return new EvictionRound(eviction, volume.Counted.Stores, volume.Counted.Policy.Copies, required, parts.Entropy, parts.Time)
        {
            IsDryRun = goal.IsDryRun, MayGoOn = () => terms.StillHold() && _volumes.All(static other => other.Open.Volume.PinRevision == other.PinRevision),
        };
    }

    private IEnumerable<(EvictedVolume, EvictableContent)> Named()
    {
        EvictedVolume volume = _volumes.Single(volume => volume.Open == goal.Volume);
        foreach (InodeId file in goal.Files!)
        {
            if (volume.Counted.View!.Find(file) is { } content) yield return (volume, content);
        }
    }

    /// <summary>What only snapshots have goes first: nobody sees it in a file.</summary>
    private async Task EvictSnapshotsAsync(ObjectEviction eviction, IMetadataSnapshot view, Dictionary<EvictedVolume, EvictionBatch> batches, CancellationToken cancel)
    {
        foreach (EvictedVolume volume in _volumes.Where(static volume => volume.Counted.CountableForSnapshots != 0))
        {
            var shown = new ObjectFilter(parts.Entropy);
            await foreach (ReachableChunk chunk in WalkOf(volume, view, ContentRoots.Shown, parts).WalkAsync(cancel))
            {
                foreach (ObjectId id in LikeliestOf(volume, chunk)) shown.Add(id);
            }

            await foreach (ReachableChunk chunk in WalkOf(volume, view, ContentRoots.Snapshots, parts).WalkAsync(cancel))
            {
                if (_evictedBytes >= goal.BytesMax) return;
                if (!EvictionKeeping.IsData(chunk) || LikeliestOf(volume, chunk).Any(id => shown.MayContain(id))) continue;
                await OfferAsync(volume.Content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch), volume.Counted.CountableForSnapshots, null, null, eviction, batches[volume], cancel);
            }
        }
    }

    /// <summary>The likeliest object of a chunk of data; none when no key of the volume is here.</summary>
    private static IEnumerable<ObjectId> LikeliestOf(EvictedVolume volume, ReachableChunk chunk) =>
        EvictionKeeping.IsData(chunk) ? volume.Content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch).Take(1) : [];

    private async Task EvictAsync(EvictedVolume volume, EvictableContent content, ObjectEviction eviction, EvictionBatch batch, CancellationToken cancel)
    {
        string? staying = volume.Staying.GetValueOrDefault(content.File);
        if (staying is not null && goal.Files is null) return;
        ulong countable = volume.Counted.CountableFor(content);
        await foreach (BlobSubtree data in volume.Content.ListDataAsync(content.Content, cancel))
        {
            await OfferAsync(volume.Content.IdsOf(data), countable, staying, content, eviction, batch, cancel);
            if (_evictedBytes >= goal.BytesMax) return;
        }
    }

    private async ValueTask OfferAsync(IEnumerable<ObjectId> ids, ulong countable, string? staying, EvictableContent? content, ObjectEviction eviction, EvictionBatch batch, CancellationToken cancel)
    {
        foreach (ObjectId id in ids)
        {
            if (await eviction.SizeOfAsync(id, cancel) is not { } sizeBytes || !batch.TryMeet(id)) continue;
            Interlocked.Increment(ref _looked);
            if (eviction.IsKept(id)) Report.AddKept(staying ?? _keeping!.WhyKept(id), sizeBytes);
            else if (batch.Round is null) Report.AddKept("the policy requires a storage that the volume does not have", sizeBytes);
            else batch.Add(new EvictionCandidate(id, sizeBytes, countable), content);
        }

        if (batch.IsFull) await FlushAsync(batch, cancel);
        await pace.StepAsync(cancel);
    }

    private async Task FlushAsync(EvictionBatch batch, CancellationToken cancel)
    {
        IReadOnlyList<EvictionCandidate> candidates = batch.Take();
        if (candidates.Count == 0) return;
        await batch.Round!.RunAsync(candidates, Report, cancel);
        Interlocked.Exchange(ref _evictedBytes, Report.Evicted.Bytes);
    }

    internal static VolumeReachability WalkOf(EvictedVolume volume, IMetadataReader view, ContentRoots from, EvictionParts parts) =>
        new(view, volume.Config.LocalNumber, volume.Held, volume.Chunks) { From = from, ScratchDirectory = parts.ScratchDirectory };
}
