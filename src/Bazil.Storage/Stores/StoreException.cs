namespace Bazil.Storage.Stores;

/// <summary>A store could not do its work: disk, network, permission. The message names the store, the object and the reason.</summary>
public class StoreException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>True when the store has no room left (full disk or quota): nothing is broken, and the operation may be retried once there is.</summary>
    public bool IsDiskFull { get; init; }

    /// <summary>True when a sync of the store failed: until it is opened again it takes no changes, for a later success would prove nothing.</summary>
    public bool IsBroken { get; init; }

    /// <summary>True when the store could not be asked at all, because its machine is away: what it has is not lost.</summary>
    public bool IsUnreachable { get; init; }

    /// <summary>What helps, as a full phrase for people; null when the message says it or nothing is known to.</summary>
    public string? NextStep { get; init; }
}
