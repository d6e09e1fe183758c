namespace Bazil.Server.Sync;

/// <summary>What a volume and a peer are doing.</summary>
internal enum SyncPhase
{
    /// <summary>Being called for the first time, or again.</summary>
    Connecting,

    /// <summary>Connected; nothing is being transferred.</summary>
    Connected,

    /// <summary>Connected, and taking over what the peer has changed.</summary>
    Pulling,

    /// <summary>Not connected; the peer is called again after a while, or when there is reason to.</summary>
    BackOff,

    /// <summary>Not connected, and no address of the peer is known: it has to call.</summary>
    NoAddress,

    /// <summary>A person has stopped it here.</summary>
    Paused,
}
