using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>
/// A store whose objects are on their way from one kind of store into another, usable all the while. What is put goes into the
/// new one; what is asked for may still be in the old one. <see cref="MoveAsync"/> does the moving. An object leaves the old store
/// only when the new one has it durably, so it may be interrupted at any point and run again.
/// <para>Owns both stores. Safe for concurrent use.</para>
/// </summary>
public sealed class ConvertingObjectStore(IObjectStore from, IObjectStore to) : IObjectStore
{
    private const long BatchBytesMax = 64 * 1024 * 1024;
    private const int StripeCount = 64;

    // Held while an object is put, deleted or moved, so that an old copy never comes back over a new one or after a deletion.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(static _ => new SemaphoreSlim(1, 1))];

    public string Name => to.Name;

    /// <summary>How many objects the new store syncs at a time before they leave the old one.</summary>
    public int BatchObjects { get; init; } = 1024;

    /// <summary>Where objects go.</summary>
    public IObjectStore Target => to;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        if (await to.GetAsync(id, cancel) is { } found) return found;
        if (await from.GetAsync(id, cancel) is { } old) return old;
        return await to.GetAsync(id, cancel); // it may have moved between the two questions
    }

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            await to.PutAsync(id, buffer, cancel);
        }
        finally
        {
            stripe.Release();
        }
    }

    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) =>
        await to.HasAsync(id, cancel) || await from.HasAsync(id, cancel) || await to.HasAsync(id, cancel);

    public async ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) =>
        await to.SizeOfAsync(id, cancel) ?? await from.SizeOfAsync(id, cancel) ?? await to.SizeOfAsync(id, cancel);

    /// <summary>Only the new store gives hits: what a power cut once tore in the old one is replaced when it is put again.</summary>
    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => to.TouchAsync(id, cancel);

    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            bool wasOld = await from.DeleteAsync(id, cancel);
            return await to.DeleteAsync(id, cancel) || wasOld;
        }
        finally
        {
            stripe.Release();
        }
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        // The old store first: what moves meanwhile is met in the new one, and what is in both is named once.
        await foreach (ObjectId id in from.ListAsync(cancel))
        {
            if (!await to.HasAsync(id, cancel)) yield return id;
        }

        await foreach (ObjectId id in to.ListAsync(cancel)) yield return id;
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await to.SyncAsync(cancel);
        await from.SyncAsync(cancel);
    }

    /// <summary>Moves everything. Objects that cannot be read stay in the old store, are counted, and do not stop the others.</summary>
    /// <param name="progress">Told after each batch, with the totals of this call.</param>
    /// <exception cref="StoreException">The new store takes no more: it is full, say.</exception>
    public async Task<ConversionProgress> MoveAsync(IProgress<ConversionProgress>? progress, CancellationToken cancel)
    {
        var done = default(ConversionProgress);
        var batch = new List<ObjectId>();
        long batchBytes = 0;
        await foreach (ObjectId id in from.ListAsync(cancel))
        {
            (long bytes, StoreException? failure) = await CopyAsync(id, cancel);
            if (failure is not null)
            {
                done = done with { UnreadableObjects = done.UnreadableObjects + 1, Failure = failure };
                continue;
            }

            batch.Add(id);
            batchBytes += bytes;
            done = done with { Objects = done.Objects + 1, Bytes = done.Bytes + bytes };
            if (batch.Count < BatchObjects && batchBytes < BatchBytesMax) continue;
            await RemoveCopiedAsync(batch, cancel);
            batchBytes = 0;
            progress?.Report(done);
        }

        await RemoveCopiedAsync(batch, cancel);
        progress?.Report(done);
        return done;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await to.DisposeAsync();
        }
        finally
        {
            await from.DisposeAsync();
            foreach (SemaphoreSlim stripe in _stripes) stripe.Dispose();
        }
    }

    private async Task<(long Bytes, StoreException? Failure)> CopyAsync(ObjectId id, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            if (await to.HasAsync(id, cancel)) return (0, null);
            IMemoryOwner<byte>? buffer;
            try
            {
                buffer = await from.GetAsync(id, cancel);
            }
            catch (StoreException e)
            {
                return (0, e);
            }

            using (buffer)
            {
                if (buffer is null) return (0, null); // deleted since it was listed
                await to.PutAsync(id, buffer.Memory, cancel);
                return (buffer.Memory.Length, null);
            }
        }
        finally
        {
            stripe.Release();
        }
    }

    private async Task RemoveCopiedAsync(List<ObjectId> batch, CancellationToken cancel)
    {
        if (batch.Count == 0) return;
        await to.SyncAsync(cancel);
        foreach (ObjectId id in batch) await from.DeleteAsync(id, cancel);
        batch.Clear();
    }

    private SemaphoreSlim StripeOf(in ObjectId id) => _stripes[(uint)id.GetHashCode() % StripeCount];
}
