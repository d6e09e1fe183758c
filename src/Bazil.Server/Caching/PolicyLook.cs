using System.Numerics;
using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Config;
using Bazil.Server.Pushing;
using Bazil.Server.Volumes;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Server.Caching;

/// <summary>One look at how many copies there are of all published content of a volume, snapshots included. Asks stores that are not in the way: nothing is promised, and nothing changed.</summary>
internal sealed class PolicyLook(VolumeConfig config, OpenVolume volume, EvictionParts parts, Pace pace)
{
    private readonly CountedStores _counted = new(config, parts.Storages, parts.Metadata, parts.Time);
    private readonly HeldChunks _chunks = new(volume.Keys, volume.Stores.Local);
    private readonly Dictionary<string, ObjectTotals> _reasons = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _failures = [];
    private readonly List<ObjectId[]> _batch = []; // each chunk with the ids that it may have
    private ObjectTotals _objects, _below, _unknown;
    private long _unread;

    public async Task<PolicyCounts> RunAsync(CancellationToken cancel)
    {
        using IMetadataSnapshot view = parts.Metadata.Snapshot();
        var walk = new VolumeReachability(view, config.LocalNumber, [], _chunks) { From = ContentRoots.Shown | ContentRoots.Siblings | ContentRoots.Snapshots, ScratchDirectory = parts.ScratchDirectory };
        var content = new LocalContent(_chunks);
        await foreach (ReachableChunk chunk in walk.WalkAsync(cancel))
        {
            ObjectId[] ids = [.. content.IdsOf(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch)];
            if (chunk.Failure is not null || ids.Length == 0) _unread++; // without a key of the volume nobody knows what it is called
            if (ids.Length > 0) _batch.Add(ids);
            if (_batch.Count >= EvictionLimits.IdsPerHold) await CountAsync(cancel);
            await pace.StepAsync(cancel);
        }

        await CountAsync(cancel);
        return new PolicyCounts(parts.Time.GetUtcNow(), _objects, _below, _unknown, _unread, _reasons);
    }

    private async Task CountAsync(CancellationToken cancel)
    {
        (ObjectId Id, int? SizeBytes)[] chunks = await Task.WhenAll(_batch.Select(ids => LocateAsync(ids, cancel)));
        _batch.Clear();
        var found = new ulong[chunks.Length];
        ulong silent = 0;
        for (int store = 0; store < _counted.Stores.Count && chunks.Length > 0; store++)
        {
            if (await LookAsync(store, chunks, cancel) is not { } has) silent |= 1UL << store;
            else for (int index = 0; index < has.Count; index++) found[index] |= has[index] ? 1UL << store : 0;
        }

        for (int index = 0; index < chunks.Length; index++) Judge(chunks[index].SizeBytes, found[index], silent);
    }

    /// <summary>The id under which this machine has it, or else the likeliest.</summary>
    private async Task<(ObjectId Id, int? SizeBytes)> LocateAsync(ObjectId[] ids, CancellationToken cancel)
    {
        try
        {
            foreach (ObjectId id in ids)
            {
                if (await volume.Stores.Local.SizeOfAsync(id, cancel) is { } size) return (id, size);
            }
        }
        catch (CorruptObjectException)
        {
            // A damaged copy is none.
        }

        return (ids[0], null);
    }

    private async Task<IReadOnlyList<bool>?> LookAsync(int store, (ObjectId Id, int? SizeBytes)[] chunks, CancellationToken cancel)
    {
        if (_failures.ContainsKey(store)) return null;
        try
        {
            return await _counted.Stores[store].LookAsync([.. chunks.Select(static chunk => chunk.Id)], cancel);
        }
        catch (StoreException e)
        {
            // It is not asked again in this look: what it has is not known.
            _failures.Add(store, e.Message);
            return null;
        }
    }

    private void Judge(int? sizeBytes, ulong found, ulong silent)
    {
        long bytes = sizeBytes ?? 0;
        _objects = _objects.Add(bytes);
        ulong? required = _counted.Required;
        string? reason = WhyBelow(required, found, sizeBytes is not null);
        if (reason is null) return;
        bool mayBeMet = required is { } names && (names & ~(found | silent)) == 0 && BitOperations.PopCount(found | silent) + (sizeBytes is null ? 0 : 1) >= _counted.Policy.Copies;
        if (mayBeMet) _unknown = _unknown.Add(bytes);
        else _below = _below.Add(bytes);
        if (!_reasons.ContainsKey(reason) && _reasons.Count >= EvictionLimits.ReasonsMax) reason = "other reasons";
        _reasons[reason] = _reasons.GetValueOrDefault(reason).Add(bytes);
    }

    private string? WhyBelow(ulong? required, ulong found, bool isHere)
    {
        if (required is not { } names) return "the policy requires a storage that the volume does not have";
        if ((names & ~found) != 0)
        {
            int store = BitOperations.TrailingZeroCount(names & ~found);
            string name = _counted.Stores[store].Name;
            return _failures.TryGetValue(store, out string? failure) ? $"{name} could not be asked: {failure}" : $"{name} does not have it yet";
        }

        int copies = BitOperations.PopCount(found) + (isHere ? 1 : 0);
        if (copies >= _counted.Policy.Copies) return null;
        return $"{copies} of {_counted.Policy.Copies} copies{(_failures.Count > 0 ? $"; could not be asked: {string.Join(", ", _failures.Keys.Select(index => _counted.Stores[index].Name))}" : "")}";
    }
}
