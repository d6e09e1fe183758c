namespace Bazil.Server.Pushing;

/// <summary>What the copying to a store is at.</summary>
internal enum PushPhase
{
    /// <summary>Content is on its way, or looked for.</summary>
    Copying,

    /// <summary>Everything that was published when it last looked is there.</summary>
    Complete,

    /// <summary>It failed, and is tried again later.</summary>
    Waiting,
}
