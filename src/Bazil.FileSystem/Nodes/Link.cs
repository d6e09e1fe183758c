using Bazil.Core;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// A link facet. Immutable. Several distinct places are a conflict, in which the largest version is shown.
/// </summary>
/// <param name="Id">The version of its creation; never changes.</param>
/// <param name="Places">The set of places; empty when the link was removed.</param>
/// <param name="Last">The pair with the largest version ever seen here: where the link was, once it is empty.</param>
/// <param name="Gone">The version of the last removal, or none when it is known only by absence.</param>
public sealed record Link(Version Id, Facet<Place> Places, FacetPair<Place> Last, Version Gone)
{
    public bool IsLive => !Places.IsEmpty;

    public static Link Create(Version id, Place place) => new(id, Facet<Place>.Empty.With(id, place), new FacetPair<Place>(id, place), default);

    /// <summary>Rewrites the shown place; other values of a conflict stay.</summary>
    public Link MoveTo(Version version, Place place)
    {
        Facet<Place> others = IsLive ? Places.Without(Places.Largest.Value) : Places;
        return this with { Places = others.With(version, place), Last = Later(Last, new FacetPair<Place>(version, place)) };
    }

    public Link Remove(Version version) =>
        this with { Places = Facet<Place>.Empty, Gone = version > Gone ? version : Gone };

    public Link Merge(Link theirs, Knowledge knowledge, Knowledge theirKnowledge) => new(
        Id,
        Places.Merge(theirs.Places, knowledge, theirKnowledge),
        Later(Last, theirs.Last),
        Gone > theirs.Gone ? Gone : theirs.Gone);

    private static FacetPair<Place> Later(FacetPair<Place> left, FacetPair<Place> right) =>
        left.Version >= right.Version ? left : right;
}
