using System.Collections.Concurrent;
using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>
/// Ids of a store whose objects were found damaged and not replaced since: that they are there is no reason to leave out a put.
/// Not kept over a restart; the next read finds the damage again. Safe for concurrent use.
/// </summary>
internal sealed class DamagedObjects
{
    /// <summary>4 MiB of memory. Of a store that has more damage than this, nothing is believed any more.</summary>
    private const int CountMax = 65_536;

    private readonly ConcurrentDictionary<ObjectId, bool> _ids = new();
    private volatile bool _isOverfull;

    public bool MayContain(in ObjectId id) => _isOverfull || _ids.ContainsKey(id);

    public void Add(in ObjectId id)
    {
        if (_ids.TryAdd(id, true) && _ids.Count > CountMax) _isOverfull = true;
    }

    public void Remove(in ObjectId id) => _ids.TryRemove(id, out _);
}
