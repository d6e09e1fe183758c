using Bazil.Core;
using Bazil.FileSystem.Eviction;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Caching;

/// <summary>Objects of one volume that are to be asked about together.</summary>
/// <param name="counted">Of the volume.</param>
/// <param name="round">Null when the policy cannot be met.</param>
internal sealed class EvictionBatch(CountedStores counted, EvictionRound? round)
{
    private readonly List<EvictionCandidate> _candidates = [];
    private readonly HashSet<ObjectId> _met = [];
    private readonly HashSet<Version> _versions = [];

    public EvictionRound? Round => round;

    public bool IsFull => _candidates.Count >= Limits.EvictionBatch;

    /// <summary>False for one that was met a short while ago: the same chunk many times in a file.</summary>
    public bool TryMeet(in ObjectId id)
    {
        if (_met.Count >= EvictionLimits.IdsPerHold * 16) _met.Clear();
        return _met.Add(id);
    }

    /// <param name="candidate">Not added when it is there already.</param>
    /// <param name="content">That it is part of; null when only a snapshot has it.</param>
    public void Add(in EvictionCandidate candidate, EvictableContent? content)
    {
        EvictionCandidate added = candidate;
        if (_candidates.Any(other => other.Id == added.Id)) return;
        _candidates.Add(candidate);
        if (content is not null) _versions.UnionWith(content.Versions);
    }

    /// <summary>What was added, to be asked about now.</summary>
    public IReadOnlyList<EvictionCandidate> Take()
    {
        counted.Asked = Knowledge.Of(_versions.Select(static version => KeyValuePair.Create(version.Replica, version.Tick)));
        _versions.Clear();
        EvictionCandidate[] taken = [.. _candidates];
        _candidates.Clear();
        return taken;
    }
}
