using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Collection;

/// <summary>
/// One collection of garbage in one store, between <see cref="CollectingObjectStore.Begin"/> and dispose: mark everything that is referred
/// to, sweep, complete. What was not completed has at most made fossils, which are as readable as before. Marking is safe
/// for concurrent use; the rest belongs to one caller.
/// </summary>
public sealed class ObjectCollection : IDisposable
{
    /// <summary>Rows that are committed together: large enough to be cheap, small enough that a writer never waits long.</summary>
    private const int BatchCount = 512;

    private readonly CollectingObjectStore _store;
    private readonly ObjectFilter _marks;
    private readonly bool _isDryRun;
    private readonly List<ObjectId> _gone = [];

    internal ObjectCollection(CollectingObjectStore store, ObjectFilter marks, ulong generation, bool isDryRun)
    {
        _store = store;
        _marks = marks;
        Generation = generation;
        _isDryRun = isDryRun;
    }

    /// <summary>The number of this collection.</summary>
    public ulong Generation { get; }

    /// <summary>Distinct ids that were marked, approximately.</summary>
    public long MarkedCount => _marks.Count;

    /// <summary>The memory that the marks take.</summary>
    public long MarksSizeBytes => _marks.SizeBytes;

    /// <summary>Keeps an object, there or not.</summary>
    public void Mark(in ObjectId id) => _marks.Add(id);

    /// <summary>Whether an object is kept. May say yes for one that was never marked, never no for one that was.</summary>
    public bool IsMarked(ObjectId id) => _marks.MayContain(id);

    /// <inheritdoc cref="CollectingObjectStore.TryEvictAsync"/>
    internal ValueTask<bool> EvictAsync(ObjectId id, CancellationToken cancel) => _store.TryEvictAsync(id, _marks, cancel);

    /// <summary>
    /// Makes fossils of all objects that are not marked, then ordinary objects of the fossils that are, and deletes those that are ripe and
    /// still unmarked. Everything that is referred to must have been marked before. Nothing is deleted before the whole store was listed.
    /// </summary>
    /// <param name="isRipe">Whether fossils of a generation may be deleted. Never asked for this one.</param>
    /// <param name="pace">How fast.</param>
    /// <exception cref="StoreException">The store failed; what was deleted until then is gone, and rightly so.</exception>
    public Task<SweepReport> SweepAsync(Func<ulong, bool> isRipe, Pace pace, CancellationToken cancel) => SweepAsync(isRipe, startsAgain: false, pace, cancel);

    /// <summary>As the other, but deletes nothing, and takes fossils of earlier generations for ones of this: who knows what referred to them in between.</summary>
    public Task<SweepReport> SweepAgainAsync(Pace pace, CancellationToken cancel) => SweepAsync(static _ => false, startsAgain: true, pace, cancel);

    /// <summary>Makes this the last completed collection, in one batch with what the caller adds.</summary>
    public void Complete(MetadataBatch batch, DateTimeOffset now)
    {
        Invariant.Check(!_isDryRun);
        new CollectionState(Generation, now).Put(batch);
        _store.Metadata.Commit(batch);
        _store.Metadata.Sync();
    }

    public void Dispose() => _store.End();

    private async Task<SweepReport> SweepAsync(Func<ulong, bool> isRipe, bool startsAgain, Pace pace, CancellationToken cancel)
    {
        var report = default(SweepReport);
        await foreach ((ObjectId id, uint? sizeBytes) in InventoryAsync(cancel))
        {
            report = report with { Found = report.Found.Add(sizeBytes ?? 0) };
            if (!_marks.MayContain(id) && IsNoFossil(id))
            {
                var fossil = new Fossil(id, Generation, sizeBytes ?? await MeasureAsync(id, cancel));
                if (_isDryRun || _store.TryAddFossil(fossil, _marks)) report = report with { Fossilised = report.Fossilised.Add(fossil.SizeBytes) };
                if (!_isDryRun && report.Fossilised.Objects % BatchCount == 0) _store.CommitPending();
            }

            await pace.StepAsync(cancel);
        }

        if (!_isDryRun) _store.CommitPending();
        return await SweepFossilsAsync(report, isRipe, startsAgain, pace, cancel);
    }

    private async Task<SweepReport> SweepFossilsAsync(SweepReport report, Func<ulong, bool> isRipe, bool startsAgain, Pace pace, CancellationToken cancel)
    {
        using IMetadataCursor cursor = _store.Metadata.ScanPrefix(Fossil.Prefix);
        while (cursor.MoveNext())
        {
            Fossil fossil = Fossil.Read(cursor.Key, cursor.Value);
            if (_marks.MayContain(fossil.Id))
            {
                if (_isDryRun || _store.Restore(fossil.Id)) report = report with { Restored = report.Restored.Add(fossil.SizeBytes) };
            }
            else if (fossil.Generation >= Generation)
            {
                continue; // made just now
            }
            else if (!isRipe(fossil.Generation))
            {
                if (startsAgain && !_isDryRun) _store.Renew(fossil with { Generation = Generation });
                report = report with { Waiting = report.Waiting.Add(fossil.SizeBytes) };
            }
            else if (_isDryRun || await DeleteAsync(fossil.Id, cancel))
            {
                report = report with { Deleted = report.Deleted.Add(fossil.SizeBytes) };
            }

            await pace.StepAsync(cancel);
        }

        FlushGone();
        return report;
    }

    private async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        if (!await _store.DeleteFossilAsync(id, _marks, cancel)) return false;
        _gone.Add(id);
        if (_gone.Count >= BatchCount) FlushGone();
        return true;
    }

    private void FlushGone()
    {
        _store.DeleteRows(_gone);
        _gone.Clear();
    }

    private bool IsNoFossil(in ObjectId id) => !_store.Fossils.MayContain(id) || _store.Metadata.Get(Fossil.KeyOf(id)) is null;

    /// <summary>The length of an object in a store whose listing does not tell.</summary>
    private async ValueTask<uint> MeasureAsync(ObjectId id, CancellationToken cancel)
    {
        try
        {
            return (uint)(await _store.Inner.SizeOfAsync(id, cancel) ?? 0);
        }
        catch (CorruptObjectException)
        {
            return 0; // garbage may be damaged
        }
    }

    private async IAsyncEnumerable<(ObjectId Id, uint? SizeBytes)> InventoryAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        if (_store.Inner is IStoreInventory inventory)
        {
            await foreach (StoredObject stored in inventory.ScanAsync(cancel)) yield return (stored.Id, (uint)stored.SizeBytes);
            yield break;
        }

        await foreach (ObjectId id in _store.Inner.ListAsync(cancel)) yield return (id, null);
    }
}
