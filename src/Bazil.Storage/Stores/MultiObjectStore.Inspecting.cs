using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Stores;

/// <content>Checks of the local copy, healed from the other stores.</content>
public sealed partial class MultiObjectStore
{
    /// <summary>Looks whether the local store has the object whole, and heals it from the others when its copy is damaged.</summary>
    /// <param name="verifier">Decides what is damaged; asked about every copy that is read.</param>
    /// <param name="objectBytesMax">The longest that the object can be.</param>
    /// <param name="isRead">The local copy is read and verified; otherwise only its length is looked at.</param>
    internal async ValueTask<ChunkInspection> InspectAsync(ObjectId id, IObjectVerifier verifier, int objectBytesMax, bool isRead, CancellationToken cancel)
    {
        string damage;
        try
        {
            int? sizeBytes = isRead ? await VerifyLocalAsync(id, verifier, cancel) : await MeasureLocalAsync(id, objectBytesMax, cancel);
            if (sizeBytes is { } size) return new ChunkInspection(ChunkState.Intact, size, null);
            return await FindElsewhereAsync(id, cancel);
        }
        catch (StoreException exception) when (Failures.IsDamage(exception))
        {
            _damaged.Add(id);
            damage = exception.Message;
        }
        catch (StoreException exception) when (Failures.IsUnreadable(exception) && KeepFailure is null)
        {
            ChunkInspection healed = await HealAsync(id, verifier, exception.Message, cancel);
            return healed.State == ChunkState.Healed ? healed : new ChunkInspection(ChunkState.Unknown, 0, exception.Message);
        }
        catch (StoreException exception)
        {
            return new ChunkInspection(ChunkState.Unknown, 0, exception.Message);
        }

        return await HealAsync(id, verifier, damage, cancel);
    }

    /// <summary>Returns the length of a good local copy, or null when there is none.</summary>
    private async ValueTask<int?> VerifyLocalAsync(ObjectId id, IObjectVerifier verifier, CancellationToken cancel)
    {
        using IMemoryOwner<byte>? copy = await Local.GetAsync(id, cancel);
        if (copy is null) return null;
        try
        {
            verifier.Verify(id, Local.Name, isLocal: true, copy.Memory.Span);
            return copy.Memory.Length;
        }
        catch (CorruptObjectException)
        {
            SetAside(Local, id, copy.Memory.Span);
            throw;
        }
    }

    private async ValueTask<int?> MeasureLocalAsync(ObjectId id, int objectBytesMax, CancellationToken cancel)
    {
        int? sizeBytes = await Local.SizeOfAsync(id, cancel);
        if (sizeBytes is null || (sizeBytes > 0 && sizeBytes <= objectBytesMax)) return sizeBytes;
        throw new CorruptObjectException(id, Local.Name, $"its length of {sizeBytes} bytes is not between 1 and {objectBytesMax}");
    }

    private async ValueTask<ChunkInspection> FindElsewhereAsync(ObjectId id, CancellationToken cancel)
    {
        StoreException? failure = null;
        foreach (IObjectStore other in _others)
        {
            try
            {
                if (await other.HasAsync(id, cancel)) return new ChunkInspection(ChunkState.Elsewhere, 0, null);
            }
            catch (StoreException exception)
            {
                failure ??= exception; // told when no other store has it
            }
        }

        return failure is null
            ? new ChunkInspection(ChunkState.Missing, 0, $"object {id} is in no store")
            : new ChunkInspection(ChunkState.Unknown, 0, failure.Message);
    }

    private async ValueTask<ChunkInspection> HealAsync(ObjectId id, IObjectVerifier verifier, string damage, CancellationToken cancel)
    {
        try
        {
            // The local copy is refused again, and set aside; the first good one of the others takes its place.
            using (await GetVerifiedAsync(id, verifier, cancel))
            {
            }

            return await VerifyLocalAsync(id, verifier, cancel) is { } size
                ? new ChunkInspection(ChunkState.Healed, size, damage)
                : new ChunkInspection(ChunkState.Damaged, 0, KeepFailure is { } failure ? $"{damage}; a good copy could not be kept: {failure.Message}" : damage);
        }
        catch (StoreException exception) when (Failures.IsDamage(exception))
        {
            return new ChunkInspection(ChunkState.Damaged, 0, damage);
        }
        catch (StoreException exception)
        {
            return new ChunkInspection(ChunkState.Damaged, 0, $"{damage}; it could not be healed: {exception.Message}");
        }
    }
}
