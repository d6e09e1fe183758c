namespace Bazil.Fuse;

/// <summary>A lock on a range of a file.</summary>
/// <param name="Kind">Which kind; locks of different kinds never conflict.</param>
/// <param name="Type">Shared, exclusive, or none (to unlock).</param>
/// <param name="Start">First byte.</param>
/// <param name="End">Last byte, inclusive; <see cref="long.MaxValue"/> reaches beyond every end of the file.</param>
/// <param name="ProcessId">Who holds it, as fcntl(2) tells others.</param>
public readonly record struct FuseLock(FuseLockKind Kind, FuseLockType Type, long Start, long End, uint ProcessId)
{
    internal bool Overlaps(in FuseLock other) => Start <= other.End && other.Start <= End;
}
