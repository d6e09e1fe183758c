namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>A store elsewhere whose behaviour is watched. Safe for concurrent use.</summary>
public interface IGuardedStore
{
    /// <summary>How fast it answers.</summary>
    StoreMeter Meter { get; }

    /// <summary>It could not be reached: nobody waits for it at the moment.</summary>
    bool IsBroken { get; }

    /// <summary>When it is asked again; null while it is in use.</summary>
    DateTimeOffset? RetryAt { get; }
}
