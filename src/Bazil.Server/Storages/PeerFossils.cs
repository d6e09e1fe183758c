using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Storages;

/// <summary>
/// What of that which this node put at a peer nothing refers to (docs/gc.md, "What peers keep for each other"). A put makes a fossil an ordinary object again before it is sent, and waits while the object is being
/// released: so a release never takes what was put after it was decided. The rows are those of stores elsewhere, under a store id that follows from the peer's key. Safe for concurrent use; one collection at a time.
/// </summary>
internal sealed class PeerFossils
{
    public const int IdBytes = 16;
    private const int DropBatch = 512;

    private readonly IMetadataStore _metadata;
    private readonly byte[] _prefix;
    private readonly long _countMax;

    // Guards the rows and what follows; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private readonly HashSet<ObjectId> _releasing = [];
    private long _count; // rows at the last sweep, and those that were made since: no fewer than there are
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="metadata">Keeps the rows.</param>
    /// <param name="peer">Where the objects are.</param>
    /// <param name="countMax">Of rows.</param>
    public PeerFossils(IMetadataStore metadata, in PeerId peer, long countMax = Limits.PeerFossilsMax)
    {
        (_metadata, _countMax) = (metadata, countMax);
        _prefix = [(byte)Table.RemoteFossil, .. StoreIdOf(peer)];
    }

    /// <summary>Under which the rows are.</summary>
    public ReadOnlyMemory<byte> StoreId => _prefix.AsMemory(1);

    /// <summary>Under which the rows about a peer's store are; <see cref="IdBytes"/>.</summary>
    public static byte[] StoreIdOf(in PeerId peer)
    {
        byte[] id = new byte[IdBytes];
        Blake2b.Hash(peer.Span, id, personal: "bazil-peer-store"u8);
        return id;
    }

    /// <summary>An object is about to be put: it is no fossil, and nobody releases it.</summary>
    public async ValueTask RestoreAsync(ObjectId id, CancellationToken cancel)
    {
        for (;;)
        {
            Task released;
            lock (_gate)
            {
                if (!_releasing.Contains(id))
                {
                    if (_metadata.Get(KeyOf(id)) is not null) Delete([id]);
                    return;
                }

                released = _released.Task;
            }

            await released.WaitAsync(cancel);
        }
    }

    /// <summary>The rows' part of a collection, which asks nobody: what something refers to is no fossil.</summary>
    public async ValueTask<SweepReport> SweepAsync(SweepOrder order, CancellationToken cancel)
    {
        var report = default(SweepReport);
        long count = 0;
        using IMetadataCursor cursor = _metadata.ScanPrefix(_prefix);
        while (cursor.MoveNext())
        {
            var id = new ObjectId(cursor.Key[_prefix.Length..]);
            count++;
            if (order.IsMarked(id)) report = report with { Restored = report.Restored.Add(0) };
            else if (!order.StartsAgain) continue;
            if (!order.IsDryRun) Change(id, order);
            await order.Pace.StepAsync(cancel);
        }

        lock (_gate) _count = count;
        return report;
    }

    /// <summary>The collection that found an object unused first; null when none has.</summary>
    public ulong? Find(in ObjectId id) => _metadata.Get(KeyOf(id)) is { Length: sizeof(ulong) } row ? BinaryPrimitives.ReadUInt64BigEndian(row) : null;

    /// <summary>Makes fossils of those that nothing has marked: a put marks before it looks for the row.</summary>
    /// <returns>False when some are left out, for there are as many as may be.</returns>
    public bool Add(IReadOnlyCollection<ObjectId> ids, SweepOrder order)
    {
        byte[] row = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(row, order.Generation);
        lock (_gate)
        {
            var batch = new MetadataBatch();
            bool hasRoom = true;
            foreach (ObjectId id in ids.Where(id => !order.IsMarked(id)))
            {
                bool isNew = _metadata.Get(KeyOf(id)) is null;
                if (isNew && _count >= _countMax)
                {
                    hasRoom = false;
                    continue;
                }

                if (isNew) _count++;
                batch.Put(KeyOf(id), row);
            }

            if (batch.Count > 0) _metadata.Commit(batch);
            return hasRoom;
        }
    }

    /// <summary>
    /// Drops fossils of earlier collections that the peer does not list any more: else they would take up the room for good. That never does harm, for an object without a row is a fossil only when a collection finds it again.
    /// </summary>
    public async ValueTask DropUnlistedAsync(Func<ObjectId, bool> isListed, SweepOrder order, CancellationToken cancel)
    {
        var unlisted = new List<ObjectId>();
        using IMetadataCursor cursor = _metadata.ScanPrefix(_prefix);
        while (cursor.MoveNext())
        {
            var id = new ObjectId(cursor.Key[_prefix.Length..]);
            bool isEarlier = Find(id) is not { } generation || generation < order.Generation;
            if (isEarlier && !isListed(id)) unlisted.Add(id);
            if (unlisted.Count == DropBatch) Drop(unlisted);
            await order.Pace.StepAsync(cancel);
        }

        Drop(unlisted);
    }

    /// <summary>Does something with those of some objects that are still fossils, while nobody can put them; they are none after that.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<ObjectId> ids, Func<IReadOnlyList<ObjectId>, Task> release)
    {
        List<ObjectId> still;
        lock (_gate)
        {
            still = [.. ids.Where(id => _metadata.Get(KeyOf(id)) is not null)];
            _releasing.UnionWith(still);
        }

        try
        {
            if (still.Count > 0) await release(still);
            lock (_gate) Delete(still);
        }
        finally
        {
            TaskCompletionSource released;
            lock (_gate)
            {
                _releasing.ExceptWith(still);
                (released, _released) = (_released, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            released.SetResult();
        }
    }

    /// <summary>Nothing there counts as unused any more.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            batch.DeletePrefix(_prefix);
            _metadata.Commit(batch);
        }
    }

    private void Drop(List<ObjectId> ids)
    {
        lock (_gate)
        {
            List<ObjectId> left = [.. ids.Where(id => _metadata.Get(KeyOf(id)) is not null)]; // some may have been put meanwhile
            Delete(left);
            _count -= left.Count;
        }

        ids.Clear();
    }

    private void Change(in ObjectId id, SweepOrder order)
    {
        lock (_gate)
        {
            if (_metadata.Get(KeyOf(id)) is null) return;
            if (order.IsMarked(id)) Delete([id]);
            else Add([id], order);
        }
    }

    private void Delete(IEnumerable<ObjectId> ids)
    {
        var batch = new MetadataBatch();
        foreach (ObjectId id in ids) batch.Delete(KeyOf(id));
        _metadata.Commit(batch);
    }

    private byte[] KeyOf(in ObjectId id) => [.. _prefix, .. id.Span];
}
