namespace Bazil.Server.Control.Messages;

/// <param name="Volume">Null for all.</param>
public sealed record PendingRequest(string? Volume);

public sealed record PendingReply(IReadOnlyList<VolumePendingInfo> Volumes);

/// <summary>What is merged and not shown yet.</summary>
/// <param name="Changes">Changes that wait for a program to close a file.</param>
/// <param name="Deletions">Deletions that wait for consent, or null.</param>
public sealed record VolumePendingInfo(string Volume, IReadOnlyList<PendingChangeInfo> Changes, HeldDeletionsInfo? Deletions);

/// <param name="Path">From the root of the volume; control characters, backslashes and what is no text are escaped.</param>
/// <param name="Reason">Why it waits.</param>
/// <param name="Next">What will happen.</param>
public sealed record PendingChangeInfo(string Path, string Reason, DateTimeOffset? Since, string Next);

/// <param name="Files">Files that are still shown.</param>
/// <param name="DeletedBefore">Files that others deleted within the day before.</param>
/// <param name="Peers">Who deleted how many.</param>
/// <param name="Decision"><c>accepted</c> or <c>rejected</c> while that is being carried out; else null.</param>
public sealed record HeldDeletionsInfo(DateTimeOffset Since, long Files, long DeletedBefore, IReadOnlyList<PeerDeletionsInfo> Peers, string? Decision, string Next);

public sealed record PeerDeletionsInfo(string Peer, long Files);

/// <param name="Files">How many deletions were decided about.</param>
public sealed record DeletionDecisionReply(long Files);
