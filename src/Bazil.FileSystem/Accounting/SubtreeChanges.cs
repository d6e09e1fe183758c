using Bazil.Core;

namespace Bazil.FileSystem.Accounting;

/// <summary>By how much one transaction changes what lies below directories. Used by one thread.</summary>
internal sealed class SubtreeChanges
{
    private readonly Dictionary<InodeId, SubtreeTotals> _added = [];
    private readonly List<InodeId> _dropped = [];

    /// <summary>Directories with what is added to them, each once.</summary>
    public IReadOnlyDictionary<InodeId, SubtreeTotals> Added => _added;

    /// <summary>Directories whose rows go.</summary>
    public IReadOnlyList<InodeId> Dropped => _dropped;

    public void Add(InodeId directory, in SubtreeTotals totals)
    {
        if (totals == SubtreeTotals.Nothing) return;
        _added[directory] = _added.TryGetValue(directory, out SubtreeTotals before) ? before.Add(totals) : totals;
    }

    public void Subtract(InodeId directory, in SubtreeTotals totals) => Add(directory, SubtreeTotals.Nothing.Without(totals));

    /// <summary>The directory has been forgotten for good.</summary>
    public void Drop(InodeId directory) => _dropped.Add(directory);
}
