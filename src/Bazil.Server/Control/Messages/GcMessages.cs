namespace Bazil.Server.Control.Messages;

/// <param name="DryRun">Tell what would be done, and do nothing.</param>
/// <param name="Elsewhere">In storages elsewhere and at peers something may be removed, too.</param>
/// <param name="Restored">Implies that. This node's data directory was restored, and all members have synced since: in storages elsewhere what it does not know may be removed, too.</param>
public sealed record GcRequest(bool DryRun, bool Elsewhere, bool Restored);

/// <summary>What a collection of garbage did, or in a dry run would do.</summary>
/// <param name="Elsewhere">In storages elsewhere and at peers something could be removed, too; otherwise what is unused there was noted only.</param>
/// <param name="Generation">The number of the collection.</param>
/// <param name="Found">Objects in this node's store.</param>
/// <param name="Deleted">Garbage that was deleted.</param>
/// <param name="Fossils">Garbage that was found now: a later collection deletes it.</param>
/// <param name="Waiting">Garbage found by earlier collections that may not be deleted yet.</param>
/// <param name="Restored">What was garbage and is in use again.</param>
/// <param name="Blockers">Whom the waiting garbage waits for.</param>
/// <param name="Unheard">Whom garbage in storages elsewhere waits for beside these: nothing has been heard from them since this node's server was started.</param>
/// <param name="Unreadable">What could not be read. Unless it is empty nothing was deleted and no garbage was looked for.</param>
/// <param name="Restarted">Volumes with so many changes of others since the last collection that all garbage waits one more.</param>
public sealed record GcReply(
    bool DryRun,
    bool Elsewhere,
    ulong Generation,
    GcTotals Found,
    GcTotals Deleted,
    GcTotals Fossils,
    GcTotals Waiting,
    GcTotals Restored,
    IReadOnlyList<GcBlockerInfo> Blockers,
    IReadOnlyList<GcBlockerInfo> Unheard,
    IReadOnlyList<GcUnreadableInfo> Unreadable,
    IReadOnlyList<string> Restarted,
    IReadOnlyList<GcStoreInfo> Stores,
    double Seconds);

/// <summary>What a collection did in a storage elsewhere, or in a dry run would do. Packs are removed as a whole, after what is needed of them was written anew and all nodes that use the storage have agreed.</summary>
/// <param name="Name">What the volumes call it.</param>
/// <param name="Storage">Its address.</param>
/// <param name="Found">Objects that this node looks after there.</param>
/// <param name="Deleted">Garbage that this node counts on no more.</param>
/// <param name="Fossils">Garbage that was found now.</param>
/// <param name="Waiting">Garbage that members may still need.</param>
/// <param name="Restored">What was garbage and is in use again.</param>
/// <param name="Plan">What it takes to give the room back.</param>
/// <param name="Done">What was done about that, and in a dry run what waits; null when the storage was left out.</param>
/// <param name="Problem">Why it was left out; null when it was not.</param>
public sealed record GcStoreInfo(
    string Name, string Storage, GcTotals Found, GcTotals Deleted, GcTotals Fossils, GcTotals Waiting, GcTotals Restored, GcPlanInfo Plan, GcReclaimInfo? Done, string? Problem);

/// <param name="Packs">Files that are mostly of no use.</param>
/// <param name="Bytes">What they take.</param>
/// <param name="MoveBytes">What of that is needed, so that it is read and written anew.</param>
/// <param name="Requests">Files that are read, written and removed, about.</param>
public sealed record GcPlanInfo(long Packs, long Bytes, long MoveBytes, long Requests);

/// <param name="AnnouncedPacks">Files that are removed when all nodes that use the storage have agreed.</param>
/// <param name="Since">When they were announced.</param>
/// <param name="Problems">What could not be done, and why.</param>
public sealed record GcReclaimInfo(
    long RemovedPacks, long RemovedBytes, long MovedObjects, long MovedBytes, long AnnouncedPacks, long AnnouncedBytes, DateTimeOffset? Since, IReadOnlyList<GcNodeInfo> Blockers, IReadOnlyList<string> Problems);

/// <summary>A node that has not agreed yet.</summary>
/// <param name="Node">Nickname or key.</param>
/// <param name="Problem">Why what it says cannot be believed; null when it has just not said it.</param>
public sealed record GcNodeInfo(string Node, string? Problem, string NextStep);

public sealed record GcTotals(long Objects, long Bytes);

/// <summary>A member that may still need garbage of this node.</summary>
/// <param name="Member">Nickname or key.</param>
/// <param name="Since">When the oldest garbage was found that it has not given free; null when there is none yet.</param>
public sealed record GcBlockerInfo(string Volume, string Member, DateTimeOffset? Since, string NextStep);

/// <summary>Something that may consist of any object, for it cannot be read.</summary>
/// <param name="Path">A file or snapshot; empty for the whole volume.</param>
public sealed record GcUnreadableInfo(string Volume, string Path, string Reason, string NextStep);
