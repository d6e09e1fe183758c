using Bazil.Core;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Caching;

/// <summary>Objects of one volume that are to be asked about together.</summary>
/// <param name="round">Null when the policy cannot be met.</param>
internal sealed class EvictionBatch(EvictionRound? round)
{
    private readonly List<EvictionCandidate> _candidates = [];
    private readonly HashSet<ObjectId> _met = [];

    public EvictionRound? Round => round;

    public bool IsFull => _candidates.Count >= Limits.EvictionBatch;

    /// <summary>False for one that was met a short while ago: the same chunk many times in a file.</summary>
    public bool TryMeet(in ObjectId id)
    {
        if (_met.Count >= EvictionLimits.IdsPerHold * 16) _met.Clear();
        return _met.Add(id);
    }

    public void Add(in EvictionCandidate candidate)
    {
        EvictionCandidate added = candidate;
        if (_candidates.All(other => other.Id != added.Id)) _candidates.Add(candidate);
    }

    public IReadOnlyList<EvictionCandidate> Take()
    {
        EvictionCandidate[] taken = [.. _candidates];
        _candidates.Clear();
        return taken;
    }
}
