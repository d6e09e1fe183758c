using Bazil.Storage.Collection;

namespace Bazil.Storage.Eviction;

/// <summary>What an eviction did, or in a dry run would do. Not safe for concurrent use.</summary>
public sealed class EvictionReport
{
    private readonly Dictionary<string, ObjectTotals> _kept = new(StringComparer.Ordinal);

    public ObjectTotals Evicted { get; private set; }

    /// <summary>What stays, by the reason.</summary>
    public IReadOnlyDictionary<string, ObjectTotals> Kept => _kept;

    internal void AddEvicted(long bytes) => Evicted = Evicted.Add(bytes);

    /// <summary>An object stays.</summary>
    public void AddKept(string reason, long bytes)
    {
        if (!_kept.ContainsKey(reason) && _kept.Count >= EvictionLimits.ReasonsMax) reason = "other reasons";
        _kept[reason] = _kept.GetValueOrDefault(reason).Add(bytes);
    }
}
