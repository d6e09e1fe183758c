namespace Bazil.Storage.Arena.Disk;

/// <summary>
/// Bounds how many segments are open: one that was not used lately is closed for the next, and opened again when it is needed (the
/// clock algorithm). Those with writes that were not synced are closed last, and synced before. Safe for concurrent use.
/// </summary>
internal sealed class SegmentFilePool(int countMax)
{
    private readonly Lock _lock = new(); // guards _open and _hand; before the locks of a file, which are only tried
    private readonly List<PooledSegmentFile> _open = [];
    private int _hand;

    /// <summary>A file was opened. Where nothing else can be closed there is one more.</summary>
    public void Add(PooledSegmentFile file)
    {
        lock (_lock)
        {
            if (_open.Contains(file)) return; // opened twice in a moment
            while (_open.Count >= countMax)
            {
                if (!CloseOne(mayBeDirty: false) && !CloseOne(mayBeDirty: true)) break;
            }

            _open.Add(file);
        }
    }

    /// <summary>A file is closed for good.</summary>
    public void Remove(PooledSegmentFile file)
    {
        lock (_lock) _open.Remove(file);
    }

    private bool CloseOne(bool mayBeDirty)
    {
        const int turnCount = 2; // in the first, those that were used lately are spared
        for (int i = 0; i < turnCount * _open.Count; i++)
        {
            _hand = (_hand + 1) % _open.Count;
            PooledSegmentFile file = _open[_hand];
            if (file.WasUsed() || !file.TryClose(mayBeDirty)) continue;
            _open[_hand] = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            return true;
        }

        return false;
    }
}
