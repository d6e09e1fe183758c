using Bazil.Core;

namespace Bazil.Storage.Collection;

/// <summary>What a collection of garbage asks of a store beside this node's own: the same marks and the same rule for all.</summary>
/// <param name="Generation">The number of the collection.</param>
/// <param name="IsMarked">Whether something here refers to an object. May say yes by mistake, never no.</param>
/// <param name="IsRipe">Whether fossils of a generation may go, as far as the members are concerned.</param>
/// <param name="StartsAgain">Fossils of earlier generations become ones of this: who knows what referred to them in between.</param>
/// <param name="IsDryRun">Nothing is to be changed.</param>
/// <param name="Pace">How fast.</param>
public sealed record SweepOrder(ulong Generation, Func<ObjectId, bool> IsMarked, Func<ulong, bool> IsRipe, bool StartsAgain, bool IsDryRun, Pace Pace);
