namespace Bazil.Fuse;

/// <summary>A lock and whose it is.</summary>
internal readonly record struct HeldLock(ulong Owner, FuseLock Lock);
