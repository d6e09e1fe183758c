using Bazil.Core;

namespace Bazil.Remotes.Packs;

/// <summary>What a sweep does to the row of a fossil, if nobody has done something to it meanwhile.</summary>
/// <param name="Id">The object.</param>
/// <param name="Before">The generation that the row had; null for no row.</param>
/// <param name="After">The one that it gets; null for no row.</param>
/// <param name="Forgotten">Where the object lay that is forgotten with it; null when it is not.</param>
internal readonly record struct FossilChange(ObjectId Id, ulong? Before, ulong? After, PackLocation? Forgotten);
