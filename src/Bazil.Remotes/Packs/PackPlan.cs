namespace Bazil.Remotes.Packs;

/// <summary>What giving room back in a folder takes, or would take.</summary>
/// <param name="Packs">Files that are mostly of no use.</param>
/// <param name="Bytes">What they take.</param>
/// <param name="MoveBytes">What of that is needed: it is read and written anew.</param>
/// <param name="Requests">Files that are read, written and removed, about.</param>
public readonly record struct PackPlan(long Packs, long Bytes, long MoveBytes, long Requests);
