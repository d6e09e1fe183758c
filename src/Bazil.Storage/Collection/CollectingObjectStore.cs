using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Collection;

/// <summary>
/// A store whose garbage is collected. It knows its fossils, and while a collection runs it marks what is put or hit. A
/// put or a hit of a fossil makes it an ordinary object again before it returns. While there are no fossils and no collection
/// runs, it adds nothing to a put but reading two fields.
/// <para>Why no hit is lost to a deletion (<c>docs/gc.md</c>, "Hits and deletions"): a hit first sets the mark, then looks into the filter of
/// fossils; the sweep first adds to the filter, then looks for the mark, with full fences between. So one of both sees the
/// other. And whoever finds an id in the filter, to hit it or to delete it, holds that id's stripe while it does.</para>
/// <para>Owns the inner store. Safe for concurrent use; one collection at a time.</para>
/// </summary>
public sealed partial class CollectingObjectStore : IObjectStore, IStoreVerification
{
    private const int StripeCount = 256;

    private readonly IObjectStore _inner;
    private readonly IMetadataStore _metadata;
    private readonly IEntropy _entropy;
    private readonly ObjectHolds? _holds;
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(static _ => new SemaphoreSlim(1, 1))];

    private readonly Lock _rows = new(); // guards the rows of fossils and _pending; after a stripe
    private readonly Dictionary<ObjectId, Fossil> _pending = []; // found, not committed yet
    private volatile ObjectFilter? _marks;
    private volatile ObjectFilter? _fossils;
    private volatile bool _hasFossilsElsewhere; // when this was opened, or the last collection ended: only collections add any
    private long _generation;
    private long _generationBefore;
    private long _restored;

    /// <param name="inner">The store itself.</param>
    /// <param name="metadata">Keeps the fossils; the same database as the rows that name objects of this store.</param>
    /// <param name="entropy">For the seeds of filters.</param>
    /// <param name="holds">What was promised others: no collection or eviction takes it. Null when nothing ever is.</param>
    /// <exception cref="WireFormatException">A row is damaged or of a newer version.</exception>
    public CollectingObjectStore(IObjectStore inner, IMetadataStore metadata, IEntropy entropy, ObjectHolds? holds = null)
    {
        _holds = holds;
        _inner = inner;
        _metadata = metadata;
        _entropy = entropy;
        _generation = (long)CollectionState.Read(metadata).Generation;
        _fossils = LoadFossils();
    }

    public string Name => _inner.Name;

    /// <summary>The store itself.</summary>
    public IObjectStore Inner => _inner;

    /// <summary>
    /// The collection that runs, else the last one if it left fossils; 0 when no fossil is there or in the making. What pulls bring
    /// is noted under this number, unless it is 0.
    /// </summary>
    public ulong Generation => _marks is null && _fossils is null && !_hasFossilsElsewhere ? 0 : (ulong)Interlocked.Read(ref _generation);

    /// <summary>Fossils that a put or hit made ordinary objects again, since this store was opened.</summary>
    public long RestoredCount => Interlocked.Read(ref _restored);

    internal IMetadataStore Metadata => _metadata;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => _inner.GetAsync(id, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) =>
        MayBeFossil(id) ? PutFossilAsync(id, buffer, cancel) : _inner.PutAsync(id, buffer, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => _inner.HasAsync(id, cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => _inner.SizeOfAsync(id, cancel);

    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) =>
        MayBeFossil(id) ? TouchFossilAsync(id, cancel) : _inner.TouchAsync(id, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => _inner.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => _inner.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => _inner.SyncAsync(cancel);

    /// <exception cref="StoreException">The inner store cannot check itself.</exception>
    public ValueTask<DamageReport> VerifyAsync(long bytesPerSecondMax, CancellationToken cancel) => _inner is IStoreVerification verification
        ? verification.VerifyAsync(bytesPerSecondMax, cancel)
        : throw new StoreException($"store {Name} keeps no checksums of its own");

    public void MarkDamaged(ObjectId id) => (_inner as IStoreVerification)?.MarkDamaged(id);

    public void MarkDamaged(ObjectId id, ReadOnlySpan<byte> found) => (_inner as IStoreVerification)?.MarkDamaged(id, found);

    public async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync();
        foreach (SemaphoreSlim stripe in _stripes) stripe.Dispose();
    }

    /// <summary>Something is put in a store elsewhere and not here: a collection that runs keeps it there.</summary>
    public void NotePutElsewhere(in ObjectId id)
    {
        _marks?.Add(id);
        Interlocked.MemoryBarrier();
    }

    /// <summary>
    /// Begins a collection: from now on puts and hits are marked. The caller marks what is referred to, sweeps, and disposes the
    /// result in any case, which ends it.
    /// </summary>
    /// <param name="isDryRun">Nothing is to be changed.</param>
    /// <param name="expectedCount">About how many ids will be marked.</param>
    public ObjectCollection Begin(bool isDryRun, long expectedCount = 0)
    {
        Invariant.Check(_marks is null);
        var marks = new ObjectFilter(_entropy, expectedCount);
        var collection = new ObjectCollection(this, marks, (ulong)_generation + 1, isDryRun);
        _generationBefore = _generation;
        if (!isDryRun) Interlocked.Increment(ref _generation);
        _marks = marks;
        Interlocked.MemoryBarrier();

        // What is held from here on is hit after it was noted, and so marked.
        foreach (ObjectId held in _holds?.ListObjects() ?? []) marks.Add(held);
        return collection;
    }

    /// <summary>Ends a collection; only what <see cref="ObjectCollection.Complete"/> noted counts.</summary>
    internal void End()
    {
        try
        {
            lock (_rows)
            {
                _pending.Clear();

                // A collection that did not complete has no number of its own, also when the rows cannot be read now: its fossils are no older than those of the next one.
                _generation = _generationBefore;
                _generation = (long)CollectionState.Read(_metadata).Generation;
            }

            // Only a collection adds fossils, so the new filter has all of them. So has the old one, when the rows cannot be read now.
            _fossils = LoadFossils();
        }
        finally
        {
            _marks = null; // or nothing would be collected or evicted any more until the next start
        }
    }

    /// <summary>Notes a fossil unless somebody hit it. Durable with the next <see cref="CommitPending"/>.</summary>
    internal bool TryAddFossil(in Fossil fossil, ObjectFilter marks)
    {
        ObjectFilter fossils = _fossils ??= new ObjectFilter(_entropy);
        lock (_rows)
        {
            fossils.Add(fossil.Id);
            Interlocked.MemoryBarrier();
            if (marks.MayContain(fossil.Id) || _metadata.Get(Fossil.KeyOf(fossil.Id)) is not null) return false;
            _pending[fossil.Id] = fossil;
            return true;
        }
    }

    internal void CommitPending()
    {
        lock (_rows)
        {
            if (_pending.Count == 0) return;
            var batch = new MetadataBatch();
            foreach (Fossil fossil in _pending.Values) fossil.Put(batch);
            _metadata.Commit(batch);
            _pending.Clear();
        }
    }

    /// <summary>Makes a fossil an ordinary object again; false when it is none.</summary>
    internal bool Restore(in ObjectId id)
    {
        lock (_rows)
        {
            if (_pending.Remove(id)) return true;
            byte[] key = Fossil.KeyOf(id);
            if (_metadata.Get(key) is null) return false;
            var batch = new MetadataBatch();
            batch.Delete(key);
            _metadata.Commit(batch);
        }

        Interlocked.Increment(ref _restored);
        return true;
    }

    /// <summary>Writes the row of a fossil anew, unless somebody hit it.</summary>
    internal void Renew(in Fossil fossil)
    {
        lock (_rows)
        {
            if (_metadata.Get(Fossil.KeyOf(fossil.Id)) is null) return;
            var batch = new MetadataBatch();
            fossil.Put(batch);
            _metadata.Commit(batch);
        }
    }

    /// <summary>Deletes a fossil unless it was hit; the row stays for the caller to delete. Returns false when it is no fossil any more.</summary>
    internal async ValueTask<bool> DeleteFossilAsync(ObjectId id, ObjectFilter marks, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            if (marks.MayContain(id)) return false;
            lock (_rows)
            {
                if (_metadata.Get(Fossil.KeyOf(id)) is null) return false;
            }

            await _inner.DeleteAsync(id, cancel);
            return true;
        }
        finally
        {
            stripe.Release();
        }
    }

    internal void DeleteRows(IReadOnlyCollection<ObjectId> ids)
    {
        if (ids.Count == 0) return;
        var batch = new MetadataBatch();
        foreach (ObjectId id in ids) batch.Delete(Fossil.KeyOf(id));
        _metadata.Commit(batch);
    }

    internal ObjectFilter Fossils => _fossils ??= new ObjectFilter(_entropy);

    private bool MayBeFossil(in ObjectId id)
    {
        if (_marks is { } marks)
        {
            marks.Add(id);
            Interlocked.MemoryBarrier();
        }

        return _fossils is { } fossils && fossils.MayContain(id);
    }

    private async ValueTask PutFossilAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            Restore(id);
            await _inner.PutAsync(id, buffer, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }

    private async ValueTask<bool> TouchFossilAsync(ObjectId id, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            Restore(id);
            return await _inner.TouchAsync(id, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }

    private SemaphoreSlim StripeOf(in ObjectId id) => _stripes[id.Span[^1] % StripeCount];

    private ObjectFilter? LoadFossils()
    {
        ObjectFilter? fossils = null;
        using IMetadataCursor cursor = _metadata.ScanPrefix(Fossil.Prefix);
        _hasFossilsElsewhere = RemoteFossils.Any(_metadata);
        while (cursor.MoveNext()) (fossils ??= new ObjectFilter(_entropy)).Add(Fossil.Read(cursor.Key, cursor.Value).Id);
        return fossils;
    }
}
