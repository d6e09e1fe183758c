using System.Collections;

namespace Bazil.Core;

/// <summary>
/// What a replica knows: for each replica id the tick up to which all its changes are known. Immutable and ordered by
/// replica id, so that equal knowledge has one encoding. An absent id means tick 0.
/// </summary>
public sealed class Knowledge : IEquatable<Knowledge>, IReadOnlyCollection<KeyValuePair<ReplicaId, ulong>>
{
    public static readonly Knowledge Empty = new(new SortedList<ReplicaId, ulong>());

    private readonly SortedList<ReplicaId, ulong> _ticks;

    private Knowledge(SortedList<ReplicaId, ulong> ticks) => _ticks = ticks;

    public int Count => _ticks.Count;

    public bool IsEmpty => _ticks.Count == 0;

    public ulong this[ReplicaId replica] => _ticks.TryGetValue(replica, out ulong tick) ? tick : 0;

    /// <summary>The largest tick of all entries; 0 when empty.</summary>
    public ulong LargestTick => _ticks.Count == 0 ? 0 : _ticks.Values.Max();

    /// <summary>Builds knowledge from entries; zero ticks are dropped, of duplicates the largest counts.</summary>
    public static Knowledge Of(IEnumerable<KeyValuePair<ReplicaId, ulong>> entries)
    {
        var ticks = new SortedList<ReplicaId, ulong>();
        foreach ((ReplicaId replica, ulong tick) in entries)
        {
            if (tick > 0) ticks[replica] = Math.Max(tick, ticks.GetValueOrDefault(replica));
        }

        return ticks.Count == 0 ? Empty : new Knowledge(ticks);
    }

    public static Knowledge Of(Version version) => Empty.With(version);

    /// <summary>True when the change with this version is known. The none version is known to everyone.</summary>
    public bool Covers(Version version) => version.Tick <= this[version.Replica];

    /// <summary>True when everything that is known here is known to <paramref name="other"/> too.</summary>
    public bool IsCoveredBy(Knowledge other)
    {
        if (ReferenceEquals(this, other)) return true;
        foreach ((ReplicaId replica, ulong tick) in _ticks)
        {
            if (tick > other[replica]) return false;
        }

        return true;
    }

    /// <summary>Returns the element-wise maximum.</summary>
    public Knowledge Join(Knowledge other)
    {
        if (other.IsCoveredBy(this)) return this;
        if (IsCoveredBy(other)) return other;
        var ticks = new SortedList<ReplicaId, ulong>(_ticks);
        foreach ((ReplicaId replica, ulong tick) in other._ticks) ticks[replica] = Math.Max(tick, this[replica]);
        return new Knowledge(ticks);
    }

    /// <summary>Returns the element-wise minimum.</summary>
    public Knowledge Meet(Knowledge other) => Of(_ticks.Select(entry => KeyValuePair.Create(entry.Key, Math.Min(entry.Value, other[entry.Key]))));

    /// <summary>Returns this knowledge with one more change known.</summary>
    public Knowledge With(Version version)
    {
        if (version.Tick == 0 || Covers(version)) return this;
        var ticks = new SortedList<ReplicaId, ulong>(_ticks) { [version.Replica] = version.Tick };
        return new Knowledge(ticks);
    }

    public bool Equals(Knowledge? other) => other is not null && _ticks.SequenceEqual(other._ticks);

    public override bool Equals(object? obj) => Equals(obj as Knowledge);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach ((ReplicaId replica, ulong tick) in _ticks)
        {
            hash.Add(replica);
            hash.Add(tick);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => "{" + string.Join(' ', _ticks.Select(e => $"{e.Key.ToString()[..8]}:{e.Value}")) + "}";

    public IEnumerator<KeyValuePair<ReplicaId, ulong>> GetEnumerator() => _ticks.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
