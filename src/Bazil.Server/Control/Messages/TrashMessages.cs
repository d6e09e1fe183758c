namespace Bazil.Server.Control.Messages;

/// <summary>Something in the trash, as a person names it.</summary>
/// <param name="Text">The number of an entry, or a path from the root of a volume, or a pattern (<c>*</c>, <c>?</c>) of such; null when it can only be a path of this machine.</param>
/// <param name="Path">The absolute path or pattern in a mounted volume that it may be as well, which goes before; null when it is none.</param>
public sealed record TrashNamed(string? Text, string? Path);

/// <param name="Volume">Null for all.</param>
/// <param name="Peer">Only what came from this peer; null for all.</param>
/// <param name="What">Empty for everything.</param>
public sealed record TrashListRequest(string? Volume, string? Peer, IReadOnlyList<TrashNamed> What);

/// <param name="Entries">The newest first; the first of them when there are very many.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Volumes">All that is in the trash of each volume.</param>
public sealed record TrashListReply(IReadOnlyList<TrashEntryInfo> Entries, long Total, IReadOnlyList<TrashTotalsInfo> Volumes);

/// <param name="Path">From the root of the volume; control characters, backslashes and what is no text are escaped.</param>
/// <param name="Kind"><c>deleted</c>, <c>overwritten</c> or <c>replaced</c>.</param>
public sealed record TrashEntryInfo(ulong Id, string Volume, string Path, string Kind, string Type, string Peer, DateTimeOffset Time, ulong? Bytes);

/// <param name="Days">How long it is kept.</param>
public sealed record TrashTotalsInfo(string Volume, long Entries, long Bytes, int Days);

/// <param name="What">As in <see cref="TrashListRequest"/>, with all that was below.</param>
/// <param name="Target">Where to, from the root of the volume; null for where it was.</param>
public sealed record TrashRestoreRequest(string? Volume, IReadOnlyList<TrashNamed> What, string? Target);

public sealed record TrashRestoreReply(int Restored, IReadOnlyList<LeftInfo> Left);

/// <param name="All">Everything; with <paramref name="Volume"/> everything of it.</param>
public sealed record TrashEmptyRequest(string? Volume, IReadOnlyList<TrashNamed> What, bool All);

public sealed record TrashEmptyReply(int Removed, long Bytes);
