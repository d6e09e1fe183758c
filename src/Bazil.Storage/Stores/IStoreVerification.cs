using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>A store that can check what it holds by itself, without any key, and set aside what is damaged.</summary>
public interface IStoreVerification
{
    /// <summary>
    /// Reads everything and compares checksums. A damaged object is quarantined: its bytes are kept, it counts as absent, and
    /// the next put of it is stored. Runs beside everything else.
    /// </summary>
    /// <param name="bytesPerSecondMax">Limits the rate of reading.</param>
    /// <exception cref="StoreException">The disk failed before everything was checked.</exception>
    ValueTask<DamageReport> VerifyAsync(long bytesPerSecondMax, CancellationToken cancel);

    /// <summary>
    /// A reader opened the object and found its content wrong, though the store had no complaint: it is quarantined as by
    /// <see cref="VerifyAsync"/>. Nothing happens when the store does not have it.
    /// </summary>
    void MarkDamaged(ObjectId id);

    /// <summary>As <see cref="MarkDamaged(ObjectId)"/>, but only if what is stored is still what the reader found: a good copy put meanwhile stays.</summary>
    void MarkDamaged(ObjectId id, ReadOnlySpan<byte> found);
}
