namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Where the nodes of a directory end. The decision looks only at the items of the node so far, so equal directories are
/// cut equally on every machine, and after a change the cuts soon fall on the old places again: all other nodes keep their keys.
/// Part of the format.
/// </summary>
internal static class SplitRule
{
    private const ulong FnvOffset = 0xCBF29CE484222325;
    private const ulong FnvPrime = 0x100000001B3;

    /// <summary>Whether the node ends behind an item.</summary>
    /// <param name="level">Level of the node.</param>
    /// <param name="nodeBytes">Bytes of its items, this one included.</param>
    /// <param name="itemBytes">Bytes of this item.</param>
    /// <param name="name">The name of the item.</param>
    public static bool EndsNode(byte level, int nodeBytes, int itemBytes, ReadOnlySpan<byte> name)
    {
        if (nodeBytes < SnapshotLimits.SplitBytesMin) return false;
        if (nodeBytes >= SnapshotLimits.SplitBytesMax) return true;

        // An item is an end with probability itemBytes / SplitBytesMean, so the mean node is as large whatever the items are.
        return (Hash(level, name) >> 32) * SnapshotLimits.SplitBytesMean < (ulong)itemBytes << 32;
    }

    /// <summary>
    /// FNV-1a over the level and the name, then the finalizer of MurmurHash3, since the high bits of FNV are weak for short
    /// names.
    /// </summary>
    public static ulong Hash(byte level, ReadOnlySpan<byte> name)
    {
        ulong hash = (FnvOffset ^ level) * FnvPrime;
        foreach (byte next in name)
        {
            hash = (hash ^ next) * FnvPrime;
        }

        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        return hash ^ (hash >> 33);
    }
}
