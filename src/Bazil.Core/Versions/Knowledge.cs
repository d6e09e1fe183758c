using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Bazil.Core;

/// <summary>
/// What a replica knows: for each replica id the tick up to which all its changes are known. Immutable and ordered by
/// replica id, so that equal knowledge has one encoding. An absent id means tick 0.
/// <para>Invariants: ids ascend without duplicates, no tick is 0. Comparing, joining and meeting go through both sides once.</para>
/// </summary>
public sealed class Knowledge : IEquatable<Knowledge>, IReadOnlyCollection<KeyValuePair<ReplicaId, ulong>>
{
    public static readonly Knowledge Empty = new([], []);

    private readonly ReplicaId[] _replicas;
    private readonly ulong[] _ticks;

    private Knowledge(ReplicaId[] replicas, ulong[] ticks) => (_replicas, _ticks) = (replicas, ticks);

    public int Count => _replicas.Length;

    public bool IsEmpty => _replicas.Length == 0;

    public ulong this[ReplicaId replica] => Array.BinarySearch(_replicas, replica) is >= 0 and var index ? _ticks[index] : 0;

    /// <summary>The largest tick of all entries; 0 when empty.</summary>
    public ulong LargestTick
    {
        get
        {
            ulong largest = 0;
            foreach (ulong tick in _ticks) largest = Math.Max(largest, tick);
            return largest;
        }
    }

    /// <summary>Builds knowledge from entries; zero ticks are dropped, of duplicates the largest counts.</summary>
    public static Knowledge Of(IEnumerable<KeyValuePair<ReplicaId, ulong>> entries)
    {
        KeyValuePair<ReplicaId, ulong>[] sorted = [.. entries.Where(static entry => entry.Value > 0)];
        if (!IsAscending(sorted)) Array.Sort(sorted, static (left, right) => left.Key.CompareTo(right.Key));
        var builder = new Builder(sorted.Length);
        foreach ((ReplicaId replica, ulong tick) in sorted) builder.Add(replica, tick);
        return builder.Build();
    }

    public static Knowledge Of(Version version) => Empty.With(version);

    /// <summary>Takes over entries that keep the invariants: whoever read them has checked that.</summary>
    internal static Knowledge OfCanonical(ReplicaId[] ownedReplicas, ulong[] ownedTicks) => new(ownedReplicas, ownedTicks);

    /// <summary>The same with lower ticks for some entries, by their position in the order of ids; 0 for an entry that is absent.</summary>
    /// <returns>False when one of them is not lower.</returns>
    internal bool TryLower(ReadOnlySpan<(int Index, ulong Tick)> entries, [NotNullWhen(true)] out Knowledge? lower)
    {
        ulong[] ticks = [.. _ticks];
        bool isShorter = false;
        lower = null;
        foreach ((int index, ulong tick) in entries)
        {
            if (tick >= ticks[index]) return false;
            ticks[index] = tick;
            isShorter |= tick == 0;
        }

        lower = isShorter ? Of(_replicas.Zip(ticks, KeyValuePair.Create)) : new Knowledge(_replicas, ticks);
        return true;
    }

    /// <summary>True when the change with this version is known. The none version is known to everyone.</summary>
    public bool Covers(Version version) => version.Tick <= this[version.Replica];

    /// <summary>True when everything that is known here is known to <paramref name="other"/> too.</summary>
    public bool IsCoveredBy(Knowledge other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (Count > other.Count) return false;

        // Knowledge that grew out of one another by ticks alone has the same ids, mostly the very same array.
        if (ReferenceEquals(_replicas, other._replicas) || (Count == other.Count && _replicas.AsSpan().SequenceEqual(other._replicas))) return HasNoMoreTicks(other._ticks);
        int theirs = 0;
        for (int mine = 0; mine < Count; mine++)
        {
            while (theirs < other.Count && other._replicas[theirs].CompareTo(_replicas[mine]) < 0) theirs++;
            if (theirs == other.Count || other._replicas[theirs] != _replicas[mine] || _ticks[mine] > other._ticks[theirs]) return false;
        }

        return true;
    }

    /// <summary>Returns the element-wise maximum.</summary>
    public Knowledge Join(Knowledge other)
    {
        if (other.IsCoveredBy(this)) return this;
        if (IsCoveredBy(other)) return other;
        var builder = new Builder(Count + other.Count);
        int mine = 0, theirs = 0;
        while (mine < Count || theirs < other.Count)
        {
            bool isMine = theirs == other.Count || (mine < Count && _replicas[mine].CompareTo(other._replicas[theirs]) <= 0);
            if (isMine) builder.Add(_replicas[mine], _ticks[mine++]);
            else builder.Add(other._replicas[theirs], other._ticks[theirs++]);
        }

        return builder.Build();
    }

    /// <summary>Returns the element-wise minimum.</summary>
    public Knowledge Meet(Knowledge other)
    {
        if (IsCoveredBy(other)) return this;
        if (other.IsCoveredBy(this)) return other;
        var builder = new Builder(Math.Min(Count, other.Count));
        int theirs = 0;
        for (int mine = 0; mine < Count; mine++)
        {
            while (theirs < other.Count && other._replicas[theirs].CompareTo(_replicas[mine]) < 0) theirs++;
            if (theirs < other.Count && other._replicas[theirs] == _replicas[mine]) builder.Add(_replicas[mine], Math.Min(_ticks[mine], other._ticks[theirs]));
        }

        return builder.Build();
    }

    /// <summary>Returns this knowledge with one more change known.</summary>
    public Knowledge With(Version version)
    {
        if (version.Tick == 0) return this;
        int index = Array.BinarySearch(_replicas, version.Replica);
        if (index >= 0 && version.Tick <= _ticks[index]) return this;
        if (index < 0) return new Knowledge([.. _replicas[..~index], version.Replica, .. _replicas[~index..]], [.. _ticks[..~index], version.Tick, .. _ticks[~index..]]);
        ulong[] ticks = [.. _ticks];
        ticks[index] = version.Tick;
        return new Knowledge(_replicas, ticks);
    }

    public bool Equals(Knowledge? other) =>
        ReferenceEquals(this, other) || (other is not null && _ticks.AsSpan().SequenceEqual(other._ticks) && _replicas.AsSpan().SequenceEqual(other._replicas));

    public override bool Equals(object? obj) => Equals(obj as Knowledge);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach ((ReplicaId replica, ulong tick) in this)
        {
            hash.Add(replica);
            hash.Add(tick);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => "{" + string.Join(' ', this.Select(e => $"{e.Key.ToString()[..8]}:{e.Value}")) + "}";

    public Enumerator GetEnumerator() => new(this);

    IEnumerator<KeyValuePair<ReplicaId, ulong>> IEnumerable<KeyValuePair<ReplicaId, ulong>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private bool HasNoMoreTicks(ulong[] ticks)
    {
        for (int index = 0; index < ticks.Length; index++)
        {
            if (_ticks[index] > ticks[index]) return false;
        }

        return true;
    }

    private static bool IsAscending(KeyValuePair<ReplicaId, ulong>[] entries)
    {
        for (int index = 1; index < entries.Length; index++)
        {
            if (entries[index - 1].Key.CompareTo(entries[index].Key) > 0) return false;
        }

        return true;
    }

    /// <summary>The entries in the order of replica ids.</summary>
    public struct Enumerator(Knowledge knowledge) : IEnumerator<KeyValuePair<ReplicaId, ulong>>
    {
        private int _index = -1;

        public readonly KeyValuePair<ReplicaId, ulong> Current => KeyValuePair.Create(knowledge._replicas[_index], knowledge._ticks[_index]);

        readonly object IEnumerator.Current => Current;

        public bool MoveNext() => ++_index < knowledge.Count;

        public void Reset() => _index = -1;

        public readonly void Dispose()
        {
        }
    }

    /// <summary>Takes entries in ascending order; of equal ids the largest tick counts.</summary>
    private struct Builder(int capacity)
    {
        private readonly ReplicaId[] _replicas = new ReplicaId[capacity];
        private readonly ulong[] _ticks = new ulong[capacity];
        private int _count;

        public void Add(ReplicaId replica, ulong tick)
        {
            if (_count > 0 && _replicas[_count - 1] == replica)
            {
                _ticks[_count - 1] = Math.Max(_ticks[_count - 1], tick);
                return;
            }

            _replicas[_count] = replica;
            _ticks[_count++] = tick;
        }

        public readonly Knowledge Build() =>
            _count == 0 ? Empty : _count == _replicas.Length ? new Knowledge(_replicas, _ticks) : new Knowledge(_replicas[.._count], _ticks[.._count]);
    }
}
