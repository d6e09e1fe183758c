namespace Bazil.Storage.Blobs;

/// <summary>
/// Small writes to a stored chunk that is not in memory: ranges of bytes that count in place of what is stored. Guarded by the lock of its blob.
/// <para>Invariants: the ranges are in order and neither overlap nor touch; none is empty.</para>
/// </summary>
internal sealed class ChunkOverlay
{
    /// <summary>The most that one write adds to <see cref="ChargedBytes"/> beside its bytes.</summary>
    public const int CostBytesMax = OverlayCostBytes + RangeCostBytes;

    // What an overlay and a range take beside their bytes, about.
    private const int OverlayCostBytes = 192;
    private const int RangeCostBytes = 64;

    /// <summary>With more than so many ranges, or more than a part of the chunk in them, the chunk is better loaded: there will be more writes to it.</summary>
    private const int RangesMax = 16;
    private const int ChunkPart = 4;

    private readonly List<(int From, byte[] Bytes)> _ranges = [];
    private int _bytes;

    /// <summary>The memory that it takes, about; 0 before the first write.</summary>
    public int ChargedBytes => _ranges.Count == 0 ? 0 : OverlayCostBytes + (_ranges.Count * RangeCostBytes) + _bytes;

    /// <summary>Where the last range ends.</summary>
    public int End => _ranges is [.., var last] ? last.From + last.Bytes.Length : 0;

    /// <summary>The largest write that is worth an overlay.</summary>
    public static int WriteBytesMax(uint chunkSizeBytes) => (int)chunkSizeBytes / (2 * ChunkPart);

    /// <summary>Whether <see cref="TryWrite"/> would put so many bytes there.</summary>
    public bool Takes(int offset, int length, uint chunkSizeBytes) => Takes(Meet(offset, length), chunkSizeBytes);

    /// <summary>Puts bytes over what is there. Returns false, and changes nothing, when that gets too much.</summary>
    public bool TryWrite(int offset, ReadOnlySpan<byte> data, uint chunkSizeBytes)
    {
        Met met = Meet(offset, data.Length);
        if (!Takes(met, chunkSizeBytes)) return false;
        if (met.Count != 1 || met.To - met.From != _ranges[met.Index].Bytes.Length) Unite(met.Index, met.Count, met.From, new byte[met.To - met.From]);
        data.CopyTo(_ranges[met.Index].Bytes.AsSpan(offset - met.From));
        _bytes = met.Bytes;
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

    /// <summary>What there is of a range now, for a reader who is not done before it changes; null for nothing. Wiped by whoever gets it.</summary>
    public ChunkOverlay? Copy(int offset, int length)
    {
        ChunkOverlay? copy = null;
        foreach ((int start, byte[] bytes) in _ranges)
        {
            int from = Math.Max(start, offset), to = Math.Min(start + bytes.Length, offset + length);
            if (from < to) (copy ??= new ChunkOverlay())._ranges.Add((from, bytes[(from - start)..(to - start)]));
        }

        return copy;
    }

    /// <summary>It held plaintext.</summary>
    public void Wipe()
    {
        foreach ((_, byte[] bytes) in _ranges) bytes.AsSpan().Clear();
    }

    private bool Takes(in Met met, uint chunkSizeBytes) => _ranges.Count - met.Count < RangesMax && met.Bytes <= chunkSizeBytes / ChunkPart;

    /// <summary>What a write would be united with.</summary>
    private Met Meet(int offset, int length)
    {
        int from = offset, to = offset + length, bytes = _bytes;
        int index = _ranges.FindIndex(range => range.From + range.Bytes.Length >= from), count = 0;
        if (index < 0) index = _ranges.Count;
        for (; index + count < _ranges.Count && _ranges[index + count] is var (start, old) && start <= to; count++)
        {
            from = Math.Min(from, start);
            to = Math.Max(to, start + old.Length);
            bytes -= old.Length;
        }

        return new Met(index, count, from, to, bytes + (to - from));
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

    /// <param name="Index">The first range that is met.</param>
    /// <param name="Count">How many are.</param>
    /// <param name="From">Where they begin with what is written.</param>
    /// <param name="To">Where they end.</param>
    /// <param name="Bytes">What there would be in all ranges.</param>
    private readonly record struct Met(int Index, int Count, int From, int To, int Bytes);
}
