namespace Bazil.Server.Sync;

/// <summary>How it stands between a volume and a peer. Immutable.</summary>
/// <param name="Phase">What is done now.</param>
/// <param name="Since">When the phase began.</param>
internal sealed record SyncState(SyncPhase Phase, DateTimeOffset Since)
{
    /// <summary>Why it is not connected, or null: the last failure in words.</summary>
    public string? Reason { get; init; }

    /// <summary>When the peer is called again, in <see cref="SyncPhase.BackOff"/>.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>When something was last heard of the peer, whoever called; null for not since the start.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>When a pull from the peer was last completed; null for not since the start.</summary>
    public DateTimeOffset? LastPull { get; init; }

    /// <summary>The peer is paused on its side.</summary>
    public bool IsPausedThere { get; init; }

    public bool IsConnected => Phase is SyncPhase.Connected or SyncPhase.Pulling;
}
