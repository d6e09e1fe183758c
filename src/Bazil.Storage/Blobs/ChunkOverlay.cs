namespace Bazil.Storage.Blobs;

/// <summary>
/// Small writes to a stored chunk that is not in memory: ranges of bytes that count in place of what is stored. Guarded by the lock of its blob; while it is
/// pinned it does not change.
/// <para>Invariants: the ranges are in order and neither overlap nor touch; none is empty.</para>
/// </summary>
internal sealed class ChunkOverlay
{
    /// <summary>With more than so many ranges, or more than a part of the chunk in them, the chunk is better loaded: there will be more writes to it.</summary>
    private const int RangesMax = 16;
    private const int ChunkPart = 4;

    private readonly List<(int From, byte[] Bytes)> _ranges = [];
    private bool _isDropped;

    /// <summary>Readers that use it outside the lock.</summary>
    public int PinCount { get; private set; }

    /// <summary>Bytes in the ranges.</summary>
    public int Bytes { get; private set; }

    /// <summary>Where the last range ends.</summary>
    public int End => _ranges is [.., var last] ? last.From + last.Bytes.Length : 0;

    /// <summary>The largest write that is worth an overlay.</summary>
    public static int WriteBytesMax(uint chunkSizeBytes) => (int)chunkSizeBytes / (2 * ChunkPart);

    /// <summary>Puts bytes over what is there. Returns false, and changes nothing, when that gets too much.</summary>
    public bool TryWrite(int offset, ReadOnlySpan<byte> data, uint chunkSizeBytes)
    {
        int from = offset, to = offset + data.Length, bytes = Bytes;
        int index = _ranges.FindIndex(range => range.From + range.Bytes.Length >= from), count = 0;
        if (index < 0) index = _ranges.Count;
        for (; index + count < _ranges.Count && _ranges[index + count] is var (start, old) && start <= to; count++)
        {
            from = Math.Min(from, start);
            to = Math.Max(to, start + old.Length);
            bytes -= old.Length;
        }

        bytes += to - from;
        if (_ranges.Count - count >= RangesMax || bytes > chunkSizeBytes / ChunkPart) return false;
        if (count != 1 || to - from != _ranges[index].Bytes.Length) Unite(index, count, from, new byte[to - from]);
        data.CopyTo(_ranges[index].Bytes.AsSpan(offset - from));
        Bytes = bytes;
        return true;
    }

    /// <summary>Whether nothing stored counts in a range.</summary>
    public bool Covers(int offset, int length) => _ranges.Exists(range => range.From <= offset && range.From + range.Bytes.Length >= offset + length);

    /// <summary>Puts the bytes over what is stored of a range.</summary>
    public void CopyTo(int offset, Span<byte> destination)
    {
        foreach ((int start, byte[] bytes) in _ranges)
        {
            int from = Math.Max(start, offset), to = Math.Min(start + bytes.Length, offset + destination.Length);
            if (from < to) bytes.AsSpan(from - start, to - from).CopyTo(destination[(from - offset)..]);
        }
    }

    public void Pin() => PinCount++;

    public void Unpin()
    {
        PinCount--;
        if (_isDropped && PinCount == 0) Wipe();
    }

    /// <summary>No longer part of the content.</summary>
    public void Drop()
    {
        _isDropped = true;
        if (PinCount == 0) Wipe();
    }

    private void Unite(int index, int count, int from, byte[] united)
    {
        foreach ((int start, byte[] bytes) in _ranges.GetRange(index, count))
        {
            bytes.CopyTo(united, start - from);
            bytes.AsSpan().Clear();
        }

        _ranges.RemoveRange(index, count);
        _ranges.Insert(index, (from, united));
    }

    /// <summary>It held plaintext.</summary>
    private void Wipe()
    {
        foreach ((_, byte[] bytes) in _ranges) bytes.AsSpan().Clear();
    }
}
