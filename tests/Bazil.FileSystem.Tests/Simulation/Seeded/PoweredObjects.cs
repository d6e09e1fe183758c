using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>
/// The object store of a machine between a start and its end: slow, sometimes full, and the machine may die in any access. What was put while
/// a sync was under way is not covered by it.
/// </summary>
internal sealed class PoweredObjects(LossyObjectStore disk, SeededScheduler steps, DiskPower power, Func<bool> isFull) : IObjectStore
{
    private static readonly TimeSpan Slowest = TimeSpan.FromMilliseconds(20);

    public string Name => disk.Name;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        await AccessAsync();
        return await disk.GetAsync(id, cancel);
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        await AccessAsync();
        if (isFull()) throw new StoreException("store lossy takes no object: the disk is full") { IsDiskFull = true };
        await disk.PutAsync(id, buffer, cancel);
        power.Draw();
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        await AccessAsync();
        return await disk.HasAsync(id, cancel);
    }

    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        await AccessAsync();
        return await disk.DeleteAsync(id, cancel);
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        power.Draw();
        await foreach (ObjectId id in disk.ListAsync(cancel)) yield return id;
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        power.Draw();
        await disk.SyncAsync(cancel);
        await AccessAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>While a volume is opened its thread waits for the store, and nobody else can make a step.</summary>
    private async ValueTask AccessAsync()
    {
        power.Draw();
        if (TaskScheduler.Current is MachineScheduler) await steps.PauseAsync(Slowest);
        power.Draw();
    }
}
