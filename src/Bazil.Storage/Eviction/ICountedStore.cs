using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Eviction;

/// <summary>A store elsewhere whose copies count. Safe for concurrent use.</summary>
public interface ICountedStore
{
    /// <summary>For messages: what the volume calls it.</summary>
    string Name { get; }

    /// <summary>
    /// Asks for a promise: of each object that is <see cref="HoldAnswer.Held"/>, a whole copy is there, durable, and is neither evicted nor collected within <see cref="EvictionLimits.HoldDuration"/> or until it is released.
    /// May be repeated with the same ticket, which begins the time anew.
    /// </summary>
    /// <returns>In the order of the ids, of which there are at most <see cref="EvictionLimits.IdsPerHold"/>.</returns>
    /// <exception cref="StoreException">It could not be asked: there may be a promise, and it expires.</exception>
    ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel);

    /// <summary>The promise is not needed any more.</summary>
    /// <exception cref="StoreException">It could not be told: the promise expires.</exception>
    ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel);

    /// <summary>Which objects seem to be there. Promises nothing.</summary>
    /// <exception cref="StoreException">It could not be asked.</exception>
    ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel);
}
