namespace Bazil.Remotes.Packs;

/// <summary>What this node knows of an object in a pack beyond that a directory names it. In rows.</summary>
internal enum PackTrust : byte
{
    /// <summary>Another node says so.</summary>
    None = 0,

    /// <summary>This node wrote it, or has read and opened it.</summary>
    Verified = 1,

    /// <summary>Other bytes were found in its place: it is no copy.</summary>
    Damaged = 2,
}
