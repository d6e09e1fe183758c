namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>The rules of the protocol, each of which can be left out to see what it is for.</summary>
internal sealed record GcRules
{
    /// <summary>Puts and hits during a collection mark.</summary>
    public bool HitsMark { get; init; } = true;

    /// <summary>A put or hit of a fossil makes it an ordinary object again.</summary>
    public bool HitsRestore { get; init; } = true;

    /// <summary>What open files hold is a root.</summary>
    public bool OpenFilesAreRoots { get; init; } = true;

    /// <summary>Snapshots are roots.</summary>
    public bool SnapshotsAreRoots { get; init; } = true;

    /// <summary>What pulls brought since the last collection is a root of the next one.</summary>
    public bool AdoptedAreRoots { get; init; } = true;

    /// <summary>Deletion waits for the members.</summary>
    public MemberRule Members { get; init; } = MemberRule.Agreement;

    /// <summary>Interrupted pulls count as known.</summary>
    public bool ReferencesCount { get; init; } = true;

    /// <summary>A member does not vouch for more than it knew when it opened the oldest file that is still open.</summary>
    public bool OpenFilesHoldBack { get; init; } = true;

    /// <summary>What members vouched for before they heard of this node's removal of another counts no more.</summary>
    public bool DenialsAreHeard { get; init; } = true;

    /// <summary>A fossil is deleted by a later collection, never by the one that found it.</summary>
    public bool TwoSteps { get; init; } = true;
}
