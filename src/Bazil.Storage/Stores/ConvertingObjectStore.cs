using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>
/// A store whose objects are on their way from one kind of store into another, usable all the while. What is put goes into the
/// new one; what is asked for may still be in the old one. <see cref="MoveAsync"/> does the moving. An object leaves the old store
/// only when the new one has it durably, so it may be interrupted at any point and run again.
/// When nothing is left in the old store, <see cref="TryFinishAsync"/> closes it.
/// <para>Owns both stores. Safe for concurrent use; one conversion at a time.</para>
/// </summary>
public sealed class ConvertingObjectStore(IObjectStore from, IObjectStore to) : IObjectStore, IStoreVerification
{
    private const long BatchBytesMax = 64 * 1024 * 1024;
    private const int StripeCount = 64;

    // Held while an object is put, deleted or moved, so that an old copy never comes back over a new one or after a deletion.
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(static _ => new SemaphoreSlim(1, 1))];

    private volatile IObjectStore? _old = from;

    public string Name => to.Name;

    /// <summary>How many objects the new store syncs at a time before they leave the old one.</summary>
    public int BatchObjects { get; init; } = 1024;

    /// <summary>Where objects go.</summary>
    public IObjectStore Target => to;

    /// <summary>True when the old store is closed: everything is in the new one.</summary>
    public bool IsFinished => _old is null;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        try
        {
            if (await to.GetAsync(id, cancel) is { } found) return found;
        }
        catch (CorruptObjectException)
        {
            if (_old is { } spare && await spare.GetAsync(id, cancel) is { } whole) return whole;
            throw;
        }

        if (_old is { } old && await old.GetAsync(id, cancel) is { } unmoved) return unmoved;
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
        await to.HasAsync(id, cancel) || (_old is { } old && await old.HasAsync(id, cancel)) || await to.HasAsync(id, cancel);

    public async ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) =>
        await to.SizeOfAsync(id, cancel) ?? (_old is { } old ? await old.SizeOfAsync(id, cancel) : null) ?? await to.SizeOfAsync(id, cancel);

    /// <summary>Checks the new store: files have no checksums of their own.</summary>
    /// <exception cref="StoreException">The new store cannot check itself.</exception>
    public ValueTask<DamageReport> VerifyAsync(long bytesPerSecondMax, CancellationToken cancel) => to is IStoreVerification verification
        ? verification.VerifyAsync(bytesPerSecondMax, cancel)
        : throw new StoreException($"store {Name} keeps no checksums of its own");

    public void MarkDamaged(ObjectId id)
    {
        (to as IStoreVerification)?.MarkDamaged(id);
        (_old as IStoreVerification)?.MarkDamaged(id);
    }

    public void MarkDamaged(ObjectId id, ReadOnlySpan<byte> found)
    {
        (to as IStoreVerification)?.MarkDamaged(id, found);
        (_old as IStoreVerification)?.MarkDamaged(id, found);
    }

    /// <summary>Only the new store gives hits: what a power cut once tore in the old one is replaced when it is put again.</summary>
    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => to.TouchAsync(id, cancel);

    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            bool wasOld = _old is { } old && await old.DeleteAsync(id, cancel);
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
        if (_old is { } old)
        {
            await foreach (ObjectId id in old.ListAsync(cancel))
            {
                if (!await to.HasAsync(id, cancel)) yield return id;
            }
        }

        await foreach (ObjectId id in to.ListAsync(cancel)) yield return id;
    }

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await to.SyncAsync(cancel);
        if (_old is not { } old) return;
        try
        {
            await old.SyncAsync(cancel);
        }
        catch (ObjectDisposedException) when (_old is null)
        {
            // The conversion was finished meanwhile: it was empty then.
        }
    }

    /// <summary>
    /// Moves everything. Objects that cannot be read, or whose bytes a power cut made doubtful, stay in the old store, are counted,
    /// and do not stop the others.
    /// </summary>
    /// <param name="progress">Told after each batch, with the totals of this call.</param>
    /// <exception cref="StoreException">The new store takes no more: it is full, say.</exception>
    public async Task<ConversionProgress> MoveAsync(IProgress<ConversionProgress>? progress, CancellationToken cancel)
    {
        var done = default(ConversionProgress);
        if (_old is not { } old) return done;
        var batch = new List<ObjectId>();
        long batchBytes = 0;
        await foreach (ObjectId id in old.ListAsync(cancel))
        {
            (long bytes, StoreException? failure) = await CopyAsync(old, id, cancel);
            if (failure is not null)
            {
                done = done with { LeftObjects = done.LeftObjects + 1, Failure = failure };
                continue;
            }

            batch.Add(id);
            batchBytes += bytes;
            done = done with { Objects = done.Objects + 1, Bytes = done.Bytes + bytes };
            if (batch.Count < BatchObjects && batchBytes < BatchBytesMax) continue;
            await RemoveCopiedAsync(old, batch, cancel);
            batchBytes = 0;
            progress?.Report(done);
        }

        await RemoveCopiedAsync(old, batch, cancel);
        progress?.Report(done);
        return done;
    }

    /// <summary>Closes the old store for good if it is empty; from then on the new one is asked alone.</summary>
    public async Task<bool> TryFinishAsync(CancellationToken cancel)
    {
        if (_old is not { } old) return true;
        await foreach (ObjectId _ in old.ListAsync(cancel)) return false;
        await to.SyncAsync(cancel);
        _old = null;
        await old.DisposeAsync();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await to.DisposeAsync();
        }
        finally
        {
            if (_old is { } old) await old.DisposeAsync();
            foreach (SemaphoreSlim stripe in _stripes) stripe.Dispose();
        }
    }

    private async Task<(long Bytes, StoreException? Failure)> CopyAsync(IObjectStore old, ObjectId id, CancellationToken cancel)
    {
        SemaphoreSlim stripe = StripeOf(id);
        await stripe.WaitAsync(cancel);
        try
        {
            if (await to.HasAsync(id, cancel)) return (0, null);
            IMemoryOwner<byte>? buffer;
            try
            {
                bool isSure = await old.TouchAsync(id, cancel);
                if (!isSure && await old.HasAsync(id, cancel)) return (0, new StoreException($"object {id} in store {old.Name} was written right before a power cut, and may be in pieces"));
                buffer = await old.GetAsync(id, cancel);
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

    private async Task RemoveCopiedAsync(IObjectStore old, List<ObjectId> batch, CancellationToken cancel)
    {
        if (batch.Count == 0) return;
        await to.SyncAsync(cancel);
        foreach (ObjectId id in batch)
        {
            if (await CanReadAsync(id, cancel)) await old.DeleteAsync(id, cancel);
        }

        batch.Clear();
    }

    /// <summary>Read once more, with its checksum: the old copy goes only for one that is good.</summary>
    private async Task<bool> CanReadAsync(ObjectId id, CancellationToken cancel)
    {
        try
        {
            using IMemoryOwner<byte>? copy = await to.GetAsync(id, cancel);
            return copy is not null;
        }
        catch (CorruptObjectException)
        {
            return false;
        }
    }

    private SemaphoreSlim StripeOf(in ObjectId id) => _stripes[(uint)id.GetHashCode() % StripeCount];
}
