using Bazil.Core;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// A set of (version, value) pairs, ordered by version: empty is deleted, one is normal, several distinct values are a
/// conflict. Equal values keep all their versions; a value goes only when every version of it has gone. Immutable.
/// </summary>
public sealed class Facet<T>
    where T : IEquatable<T>
{
    public static readonly Facet<T> Empty = new([]);

    /// <summary>So few values are compared one by one. Members of a volume may be hundreds.</summary>
    private const int ValuesSearchedMax = 16;

    private readonly FacetPair<T>[] _pairs;

    private Facet(FacetPair<T>[] pairs) => _pairs = pairs;

    public bool IsEmpty => _pairs.Length == 0;

    public ReadOnlySpan<FacetPair<T>> Pairs => _pairs;

    /// <summary>The pair with the largest version. The facet must not be empty.</summary>
    public FacetPair<T> Largest => _pairs[^1];

    /// <summary>True when there are several distinct values.</summary>
    public bool IsConflict
    {
        get
        {
            for (int index = 1; index < _pairs.Length; index++)
            {
                if (!_pairs[index].Value.Equals(_pairs[0].Value)) return true;
            }

            return false;
        }
    }

    /// <summary>Builds a facet from pairs in any order; versions must be distinct.</summary>
    public static Facet<T> Of(IEnumerable<FacetPair<T>> pairs)
    {
        FacetPair<T>[] sorted = [.. pairs];
        Array.Sort(sorted, (a, b) => a.Version.CompareTo(b.Version));
        return sorted.Length == 0 ? Empty : new Facet<T>(sorted);
    }

    public bool Contains(Version version) => IndexOf(version) >= 0;

    /// <summary>The pair with the largest version among those whose value equals this one, or null.</summary>
    public FacetPair<T>? Find(T value)
    {
        for (int index = _pairs.Length - 1; index >= 0; index--)
        {
            if (_pairs[index].Value.Equals(value)) return _pairs[index];
        }

        return null;
    }

    public Facet<T> With(Version version, T value) =>
        _pairs.Length == 0
            ? new Facet<T>([new FacetPair<T>(version, value)])
            : Of(_pairs.Where(pair => pair.Version != version).Append(new FacetPair<T>(version, value)));

    /// <summary>Removes all versions of a value.</summary>
    public Facet<T> Without(T value) => Of(_pairs.Where(pair => !pair.Value.Equals(value)));

    public Facet<T> Without(Version version) => Of(_pairs.Where(pair => pair.Version != version));

    /// <summary>The distinct values, each once, in the order of their smallest version.</summary>
    public List<T> DistinctValues()
    {
        var values = new List<T>(1);
        HashSet<T>? seen = _pairs.Length > ValuesSearchedMax ? new HashSet<T>(_pairs.Length) : null;
        foreach (FacetPair<T> pair in _pairs)
        {
            if (seen is null ? !values.Contains(pair.Value) : seen.Add(pair.Value)) values.Add(pair.Value);
        }

        return values;
    }

    /// <summary>Replaces values by equal ones under the same versions: the same facet when the function gives back each value.</summary>
    public Facet<T> WithStates(Func<T, T> change)
    {
        var pairs = new FacetPair<T>[_pairs.Length];
        bool isSame = true;
        for (int index = 0; index < pairs.Length; index++)
        {
            T value = change(_pairs[index].Value);
            Invariant.Check(value.Equals(_pairs[index].Value));
            isSame &= ReferenceEquals(value, _pairs[index].Value);
            pairs[index] = _pairs[index] with { Value = value };
        }

        return isSame ? this : new Facet<T>(pairs);
    }

    /// <summary>True when both have the same distinct values.</summary>
    public bool HasSameValues(Facet<T> other) =>
        _pairs.All(pair => other.Find(pair.Value) is not null) && other._pairs.All(pair => Find(pair.Value) is not null);

    /// <summary>
    /// The one rule of merging: keeps what both have, and what one side has and the other side's knowledge does not cover.
    /// </summary>
    /// <param name="theirs">The facet of the serving side.</param>
    /// <param name="knowledge">Effective knowledge of our side about this node.</param>
    /// <param name="theirKnowledge">Effective knowledge of the serving side about this node.</param>
    /// <param name="join">Chooses between two states of one change, ours first, where equal values may differ in something that is no part of them.</param>
    public Facet<T> Merge(Facet<T> theirs, Knowledge knowledge, Knowledge theirKnowledge, Func<T, T, T>? join = null)
    {
        if (ReferenceEquals(this, theirs)) return this;
        var kept = new List<FacetPair<T>>(Math.Max(_pairs.Length, theirs._pairs.Length));
        foreach (FacetPair<T> pair in _pairs)
        {
            int both = theirs.IndexOf(pair.Version);
            if (both >= 0) kept.Add(join is null ? pair : pair with { Value = join(pair.Value, theirs._pairs[both].Value) });
            else if (!theirKnowledge.Covers(pair.Version)) kept.Add(pair);
        }

        foreach (FacetPair<T> pair in theirs._pairs)
        {
            if (!Contains(pair.Version) && !knowledge.Covers(pair.Version)) kept.Add(pair);
        }

        return Of(kept);
    }

    private int IndexOf(Version version)
    {
        int first = 0, last = _pairs.Length - 1;
        while (first <= last)
        {
            int middle = first + ((last - first) / 2), order = _pairs[middle].Version.CompareTo(version);
            if (order == 0) return middle;
            if (order < 0) first = middle + 1;
            else last = middle - 1;
        }

        return -1;
    }

    public override string ToString() => string.Join(" | ", _pairs);
}
