using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Stores;

/// <summary>A real store whose disk or network can be made to fail.</summary>
internal sealed class FaultyObjectStore(IObjectStore inner) : IObjectStore
{
    private int _getCount;
    private int _putCount;

    public bool IsUnreachable { get; set; }

    public bool IsFull { get; set; }

    /// <summary>When set, gets wait for it.</summary>
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>When set, puts wait for it.</summary>
    public TaskCompletionSource? HoldPuts { get; set; }

    public int GetCount => _getCount;

    public int PutCount => _putCount;

    public string Name => inner.Name;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        Interlocked.Increment(ref _getCount);
        if (Hold is { } hold) await hold.Task.WaitAsync(cancel);
        CheckReachable();
        return await inner.GetAsync(id, cancel);
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        Interlocked.Increment(ref _putCount);
        if (HoldPuts is { } hold) await hold.Task.WaitAsync(cancel);
        CheckReachable();
        if (IsFull) throw new StoreException($"store {Name} cannot write object {id}: the disk is full") { IsDiskFull = true };
        await inner.PutAsync(id, buffer, cancel);
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        CheckReachable();
        return await inner.HasAsync(id, cancel);
    }

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => inner.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => inner.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => inner.SyncAsync(cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private void CheckReachable()
    {
        if (IsUnreachable) throw new StoreException($"store {Name} cannot be reached");
    }
}
