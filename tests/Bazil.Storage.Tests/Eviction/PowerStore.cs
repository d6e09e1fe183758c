using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Eviction;

/// <summary>A store on a disk that loses what was not synced, in steps. When its machine has died it does nothing any more: the next one is made from what survived.</summary>
internal sealed class PowerStore(IEnumerable<ObjectId> content, Action<ObjectId> deleting) : IObjectStore
{
    private readonly HashSet<ObjectId> _durable = [.. content];
    private readonly HashSet<ObjectId> _fresh = []; // put, not synced
    private readonly HashSet<ObjectId> _deleted = []; // a power cut may bring them back
    private bool _isDead;

    public string Name => "local";

    /// <summary>What is there whatever happens to the power.</summary>
    public bool HasForSure(in ObjectId id) => _durable.Contains(id);

    /// <summary>The power fails: returns what is found afterwards.</summary>
    public IReadOnlyList<ObjectId> Die(Random random)
    {
        _isDead = true;
        return [.. _durable, .. _fresh.Concat(_deleted).Distinct().Where(id => !_durable.Contains(id) && random.Next(2) == 0)];
    }

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        await StepAsync();
        if (!Contains(id)) return null;
        IMemoryOwner<byte> copy = new Owner(id.Span.ToArray());
        return copy;
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        await StepAsync();
        if (!_durable.Contains(id)) _fresh.Add(id);
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        await StepAsync();
        return Contains(id);
    }

    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        await StepAsync();
        if (!Contains(id)) return false;
        deleting(id);
        _durable.Remove(id);
        _fresh.Remove(id);
        _deleted.Add(id);
        return true;
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        await StepAsync();
        foreach (ObjectId id in _durable.Concat(_fresh).ToList()) yield return id;
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        ObjectId[] fresh = [.. _fresh];
        await StepAsync();
        foreach (ObjectId id in fresh.Where(_fresh.Remove))
        {
            _durable.Add(id);
            _deleted.Remove(id);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool Contains(in ObjectId id) => _durable.Contains(id) || _fresh.Contains(id);

    private async Task StepAsync()
    {
        await Task.Yield();
        if (_isDead) throw new StoreException("the machine is off");
    }

    private sealed class Owner(byte[] bytes) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => bytes;

        public void Dispose()
        {
        }
    }
}
