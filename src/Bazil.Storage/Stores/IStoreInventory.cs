namespace Bazil.Storage.Stores;

/// <summary>A store that can tell what it holds, cheaply and in bounded memory: for garbage collection, checks and conversion.</summary>
public interface IStoreInventory
{
    /// <summary>Counters, kept while objects come and go. After a crash they may be a little off until the next <see cref="IStoreVerification.VerifyAsync"/>.</summary>
    StoreUsage Usage { get; }

    /// <summary>
    /// All objects in the order in which they lie. Objects put or deleted meanwhile may or may not appear. May be stopped
    /// at any point, and run beside everything else.
    /// </summary>
    /// <exception cref="StoreException">The disk failed: the listing is not complete.</exception>
    IAsyncEnumerable<StoredObject> ScanAsync(CancellationToken cancel);
}
