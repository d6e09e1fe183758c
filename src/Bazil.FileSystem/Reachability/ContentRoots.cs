namespace Bazil.FileSystem.Reachability;

/// <summary>From where content is walked.</summary>
[Flags]
public enum ContentRoots
{
    None = 0,

    /// <summary>What files show.</summary>
    Shown = 1,

    /// <summary>What only conflicts and deletions that wait keep.</summary>
    Siblings = 2,

    /// <summary>What open files hold, saved or not.</summary>
    Open = 4,

    /// <summary>What was saved and is not published.</summary>
    Working = 8,

    /// <summary>Snapshots of this node.</summary>
    Snapshots = 16,

    All = Shown | Siblings | Open | Working | Snapshots,
}
