namespace Bazil.Remotes.Packs;

/// <summary>How many packs of others are looked into: whoever may write to the folder could fill this node's database otherwise.</summary>
internal sealed class PackQuota
{
    private long _packs;
    private long _bytes;

    /// <param name="known">The packs that the index knows.</param>
    public PackQuota(IEnumerable<PackUse> known)
    {
        foreach (PackUse pack in known.Where(static pack => !pack.IsOwn)) (_packs, _bytes) = (_packs + 1, _bytes + pack.SizeBytes);
    }

    /// <summary>Counts one more; false when there is no room for it.</summary>
    public bool Take(long sizeBytes)
    {
        if (_packs >= Limits.OthersPacks || sizeBytes > Limits.OthersPackBytes - _bytes) return false;
        (_packs, _bytes) = (_packs + 1, _bytes + sizeBytes);
        return true;
    }
}
