using Bazil.Core;
using Bazil.Storage.Collection;

namespace Bazil.Remotes.Packs;

/// <summary>What a collection finds among the rows of a store, and what of that is still to be written. Not safe for concurrent use.</summary>
internal sealed class FossilSweep(SweepOrder order)
{
    private readonly List<FossilChange> _changes = [];
    private SweepReport _report;

    public SweepReport Report => _report;

    public bool IsFull => _changes.Count >= Limits.FossilBatch;

    /// <summary>The changes since the last call; none in a dry run.</summary>
    public IReadOnlyList<FossilChange> Take()
    {
        FossilChange[] taken = order.IsDryRun ? [] : [.. _changes];
        _changes.Clear();
        return taken;
    }

    /// <summary>A fossil whose object is not there any more.</summary>
    public void Stale(in ObjectId id, ulong generation) => _changes.Add(new FossilChange(id, generation, null, null));

    /// <summary>Looks at one object. Returns whether it is forgotten.</summary>
    /// <param name="id">The object.</param>
    /// <param name="location">Where it lies.</param>
    /// <param name="fossil">The collection that found it unused first; null when none has.</param>
    /// <param name="isKept">This node relies on it, or looks after the pack.</param>
    /// <param name="isDoomed">Another node removes the pack, and this one relies on nothing of the object.</param>
    public bool Judge(in ObjectId id, in PackLocation location, ulong? fossil, bool isKept, bool isDoomed)
    {
        if (isKept) _report = _report with { Found = _report.Found.Add(location.Length) };
        if (order.IsMarked(id))
        {
            if (fossil is null) return false;
            _changes.Add(new FossilChange(id, fossil, null, null));
            _report = _report with { Restored = _report.Restored.Add(location.Length) };
            return false;
        }

        if (fossil is { } generation && generation < order.Generation) return JudgeFossil(id, location, generation);
        if (fossil is null && isDoomed) _changes.Add(new FossilChange(id, null, null, location)); // whoever relies on it looks after it
        if (fossil is null && isKept)
        {
            _changes.Add(new FossilChange(id, null, order.Generation, null));
            _report = _report with { Fossilised = _report.Fossilised.Add(location.Length) };
        }

        return fossil is null && isDoomed;
    }

    private bool JudgeFossil(in ObjectId id, in PackLocation location, ulong generation)
    {
        if (!order.StartsAgain && order.IsRipe(generation))
        {
            _changes.Add(new FossilChange(id, generation, null, location));
            _report = _report with { Deleted = _report.Deleted.Add(location.Length) };
            return true;
        }

        if (order.StartsAgain) _changes.Add(new FossilChange(id, generation, order.Generation, null));
        _report = _report with { Waiting = _report.Waiting.Add(location.Length) };
        return false;
    }
}
