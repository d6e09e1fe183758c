using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>Objects on a disk whose power can be cut: of what was not synced, any part is lost or torn.</summary>
internal sealed class LossyObjectStore : IObjectStore
{
    private readonly MemoryObjectStore _objects = new("lossy");
    private readonly HashSet<ObjectId> _unsynced = [];

    public string Name => _objects.Name;

    public int SyncCount { get; private set; }

    /// <summary>Objects that were put.</summary>
    public int PutCount { get; private set; }

    /// <summary>Objects that were read.</summary>
    public int GetCount { get; set; }

    /// <summary>Makes syncs fail, as after an error of the disk.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Makes reads fail, as those of a disk with bad sectors.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>Makes syncs fail for want of space.</summary>
    public bool IsFull { get; set; }

    /// <summary>Called with each sync.</summary>
    public Action? Syncing { get; set; }

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        GetCount++;
        if (IsUnreadable) throw new StoreException($"store lossy cannot read object {id}: Input/output error");
        return _objects.GetAsync(id, cancel);
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        PutCount++;
        if (!await HasAsync(id, cancel))
        {
            lock (_unsynced) _unsynced.Add(id);
        }

        await _objects.PutAsync(id, buffer, cancel);
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => _objects.HasAsync(id, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => _objects.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => _objects.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel)
    {
        if (IsBroken) throw new StoreException("store lossy takes no changes since a sync failed") { IsBroken = true };
        if (IsFull) throw new StoreException("store lossy cannot sync: the disk is full") { IsDiskFull = true };
        Syncing?.Invoke();
        cancel.ThrowIfCancellationRequested();
        lock (_unsynced)
        {
            _unsynced.Clear();
            SyncCount++;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _objects.DisposeAsync();

    /// <returns>How many objects were lost or torn.</returns>
    public async Task<int> CutPowerAsync(Random random)
    {
        int hurt = 0;
        foreach (ObjectId id in _unsynced.Order().Where(_ => random.Next(3) == 0).ToArray())
        {
            hurt++;
            using IMemoryOwner<byte> whole = (await _objects.GetAsync(id, CancellationToken.None))!;
            await _objects.DeleteAsync(id, CancellationToken.None);
            if (random.Next(2) == 0) await _objects.PutAsync(id, whole.Memory[..random.Next(1, whole.Memory.Length)], CancellationToken.None);
        }

        _unsynced.Clear();
        return hurt;
    }
}
