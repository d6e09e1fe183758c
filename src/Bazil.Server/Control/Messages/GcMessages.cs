namespace Bazil.Server.Control.Messages;

/// <param name="DryRun">Tell what would be done, and do nothing.</param>
public sealed record GcRequest(bool DryRun);

/// <summary>What a collection of garbage did, or in a dry run would do.</summary>
/// <param name="Generation">The number of the collection.</param>
/// <param name="Found">Objects in this node's store.</param>
/// <param name="Deleted">Garbage that was deleted.</param>
/// <param name="Fossils">Garbage that was found now: a later collection deletes it.</param>
/// <param name="Waiting">Garbage found by earlier collections that may not be deleted yet.</param>
/// <param name="Restored">What was garbage and is in use again.</param>
/// <param name="Blockers">Whom the waiting garbage waits for.</param>
/// <param name="Unreadable">What could not be read. Unless it is empty nothing was deleted and no garbage was looked for.</param>
/// <param name="Restarted">Volumes with so many changes of others since the last collection that all garbage waits one more.</param>
public sealed record GcReply(
    bool DryRun,
    ulong Generation,
    GcTotals Found,
    GcTotals Deleted,
    GcTotals Fossils,
    GcTotals Waiting,
    GcTotals Restored,
    IReadOnlyList<GcBlockerInfo> Blockers,
    IReadOnlyList<GcUnreadableInfo> Unreadable,
    IReadOnlyList<string> Restarted,
    double Seconds);

public sealed record GcTotals(long Objects, long Bytes);

/// <summary>A member that may still need garbage of this node.</summary>
/// <param name="Member">Nickname or key.</param>
/// <param name="Since">When the oldest garbage was found that it has not given free; null when there is none yet.</param>
public sealed record GcBlockerInfo(string Volume, string Member, DateTimeOffset? Since, string NextStep);

/// <summary>Something that may consist of any object, for it cannot be read.</summary>
/// <param name="Path">A file or snapshot; empty for the whole volume.</param>
public sealed record GcUnreadableInfo(string Volume, string Path, string Reason, string NextStep);
