namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>A store elsewhere whose behaviour is watched. Safe for concurrent use.</summary>
public interface IGuardedStore
{
    /// <summary>Raised when a store that could not be reached answers again. Handlers return at once and do not throw.</summary>
    event Action? Returned;

    /// <inheritdoc cref="IObjectStore.Name"/>
    string Name { get; }

    /// <summary>How fast it answers.</summary>
    StoreMeter Meter { get; }

    /// <summary>It could not be reached: nobody waits for it at the moment.</summary>
    bool IsBroken { get; }

    /// <summary>When it is asked again; null while it is in use.</summary>
    DateTimeOffset? RetryAt { get; }

    /// <summary>Why it could not be reached the last time it was asked; null when it answered.</summary>
    string? Problem { get; }

    /// <summary>Asks it for a sign of life at once, also while nobody waits for it: a small question whose answer nobody needs.</summary>
    /// <exception cref="StoreException">It cannot be reached, or is not the store that it is taken for.</exception>
    Task ProbeAsync(CancellationToken cancel);
}
