namespace Bazil.FileSystem.Live;

/// <summary>
/// What of an open file's content differs from what the rows have of it: some ranges, a size. Bounded by <see cref="Limits.PatchRangesMax"/>
/// and <see cref="Limits.PatchBytesMax"/>; beyond them it only knows that it is too much for a patch.
/// <para>Invariants: the ranges are in order, do not touch each other and end at or before the size. What lies behind <see cref="SizeBytesMin"/> and in
/// no range is zeros. Guarded by the file's gate.</para>
/// </summary>
internal sealed class ChangedRanges(ulong sizeBytes)
{
    private readonly List<(ulong From, ulong To)> _ranges = [];

    /// <summary>The smallest size that the content had: whatever the rows have behind it is gone.</summary>
    public ulong SizeBytesMin { get; private set; } = sizeBytes;

    /// <summary>Nothing has changed, the times included.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>More has changed than a patch may hold.</summary>
    public bool IsTooMuch { get; private set; }

    public IReadOnlyList<(ulong From, ulong To)> Ranges => _ranges;

    /// <summary>Bytes in the ranges.</summary>
    public long Bytes { get; private set; }

    /// <summary>The times have changed, whatever else has.</summary>
    public void Touch() => IsEmpty = false;

    public void Add(ulong offset, ulong length)
    {
        IsEmpty = false;
        if (IsTooMuch || length == 0) return;
        ulong from = offset, to = offset + length;
        int index = _ranges.FindIndex(range => range.To >= from), count = 0;
        if (index < 0) index = _ranges.Count;
        for (; index + count < _ranges.Count && _ranges[index + count].From <= to; count++)
        {
            (ulong otherFrom, ulong otherTo) = _ranges[index + count];
            from = Math.Min(from, otherFrom);
            to = Math.Max(to, otherTo);
            Bytes -= (long)(otherTo - otherFrom);
        }

        _ranges.RemoveRange(index, count);
        _ranges.Insert(index, (from, to));
        Bytes += (long)(to - from);
        if (Bytes > Limits.PatchBytesMax || _ranges.Count > Limits.PatchRangesMax) AddEverything();
    }

    /// <summary>The content was cut, or extended by zeros.</summary>
    public void SetSize(ulong size)
    {
        IsEmpty = false;
        SizeBytesMin = Math.Min(SizeBytesMin, size);
        while (_ranges is [.., var last] && last.To > size)
        {
            _ranges.RemoveAt(_ranges.Count - 1);
            Bytes -= (long)(last.To - Math.Max(last.From, size));
            if (last.From >= size) continue;
            _ranges.Add((last.From, size));
        }
    }

    /// <summary>Too much has changed.</summary>
    public void AddEverything()
    {
        IsEmpty = false;
        IsTooMuch = true;
        _ranges.Clear();
        Bytes = 0;
    }

    /// <summary>The rows have the content as it is now.</summary>
    public void Clear(ulong size)
    {
        _ranges.Clear();
        Bytes = 0;
        SizeBytesMin = size;
        IsEmpty = true;
        IsTooMuch = false;
    }
}
