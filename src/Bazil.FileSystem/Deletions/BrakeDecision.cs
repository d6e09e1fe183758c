namespace Bazil.FileSystem.Deletions;

/// <summary>What a person has decided about deletions that wait. Numbers are stored.</summary>
public enum BrakeDecision : byte
{
    /// <summary>Nothing yet.</summary>
    None = 0,

    /// <summary>They are being shown.</summary>
    Accepted = 1,

    /// <summary>They are being undone, for everyone.</summary>
    Rejected = 2,
}
