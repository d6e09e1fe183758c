using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>A file of a lease as it was found.</summary>
/// <param name="Node">Whose it is by its name.</param>
/// <param name="File">Its bytes.</param>
/// <param name="Lease">What it says; null when that cannot be believed.</param>
/// <param name="Problem">Why it cannot.</param>
internal sealed record FoundLease(PeerId Node, byte[] File, PackLease? Lease, string? Problem);
