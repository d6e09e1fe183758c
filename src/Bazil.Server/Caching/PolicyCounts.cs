using Bazil.Storage.Collection;

namespace Bazil.Server.Caching;

/// <summary>What a look at the copies of a volume found.</summary>
/// <param name="LookedAt">When.</param>
/// <param name="Objects">That were looked at.</param>
/// <param name="Below">That have too few copies for sure.</param>
/// <param name="Unknown">That have too few unless stores have them that could not be asked.</param>
/// <param name="UnreadContents">Contents that were never read here, of which it is not known what they consist of.</param>
/// <param name="Reasons">Why, with how many objects.</param>
internal sealed record PolicyCounts(DateTimeOffset LookedAt, ObjectTotals Objects, ObjectTotals Below, ObjectTotals Unknown, long UnreadContents, IReadOnlyDictionary<string, ObjectTotals> Reasons);
