using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>A node whose lease stands in the way of removing packs.</summary>
/// <param name="Node">Whose lease it is.</param>
/// <param name="Problem">Why the lease cannot be believed; null when the node just has not answered.</param>
public sealed record PackBlocker(PeerId Node, string? Problem);
