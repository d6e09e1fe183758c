namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>A file: what was written, and what was synced.</summary>
internal sealed class SimulatedContent
{
    private byte[] _current = [];
    private byte[] _durable = [];

    public int Length { get; private set; }

    private int _durableLength;
    private readonly HashSet<int> _lostSectors = [];

    public int Read(Span<byte> buffer, long offset)
    {
        int count = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        if (count > 0) _current.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        Grow(ref _current, (int)offset + bytes.Length);
        bytes.CopyTo(_current.AsSpan((int)offset));
        if (bytes.Length > 0) _lostSectors.ExceptWith(Enumerable.Range(SectorOf(offset), SectorOf(offset + bytes.Length - 1) - SectorOf(offset) + 1));
        Length = Math.Max(Length, (int)offset + bytes.Length);
    }

    public void Zero(long offset, long length)
    {
        int end = (int)Math.Min(offset + length, Length);
        if (end > offset) _current.AsSpan((int)offset..end).Clear();
    }

    public void Truncate(int length)
    {
        Grow(ref _current, length);
        _current.AsSpan(length).Clear();
        Length = length;
    }

    public void Sync()
    {
        Grow(ref _durable, _current.Length);
        for (int start = 0; start < _durable.Length; start += SimulatedDisk.SectorSizeBytes)
        {
            if (_lostSectors.Contains(SectorOf(start))) continue;
            Span<byte> sector = _durable.AsSpan(start, Math.Min(SimulatedDisk.SectorSizeBytes, _durable.Length - start));
            sector.Clear();
            if (start < Length) _current.AsSpan(start, Math.Min(sector.Length, Length - start)).CopyTo(sector);
        }

        _durableLength = Length;
    }

    /// <summary>As a kernel does when the disk refuses pages: they stay readable and count as clean, so no later sync writes them.</summary>
    public void FailSync()
    {
        Grow(ref _durable, _current.Length);
        for (int start = 0; start < Length; start += SimulatedDisk.SectorSizeBytes)
        {
            Range sector = start..Math.Min(start + SimulatedDisk.SectorSizeBytes, Length);
            if (!_current.AsSpan(sector).SequenceEqual(_durable.AsSpan(sector))) _lostSectors.Add(SectorOf(start));
        }
    }

    public SimulatedContent Copy()
    {
        var copy = new SimulatedContent { _current = [.. _current], _durable = [.. _durable], Length = Length, _durableLength = _durableLength };
        copy._lostSectors.UnionWith(_lostSectors);
        return copy;
    }

    public void Flip(int bit) => _current[bit / 8] ^= (byte)(1 << (bit % 8));

    public void CutPower(Random random, int keptPercent)
    {
        Grow(ref _durable, _current.Length);
        int length = random.Next(3) switch
        {
            0 => _durableLength,
            1 => Length,
            _ => random.Next(Math.Min(_durableLength, Length), Math.Max(_durableLength, Length) + 1),
        };
        for (int start = 0; start < _current.Length; start += SimulatedDisk.SectorSizeBytes)
        {
            Range sector = start..Math.Min(start + SimulatedDisk.SectorSizeBytes, _current.Length);
            if (random.Next(100) >= keptPercent || _lostSectors.Contains(SectorOf(start))) _durable.AsSpan(sector).CopyTo(_current.AsSpan(sector));
        }

        Length = length;
        _current.AsSpan(length).Clear();
        _lostSectors.Clear();
        Sync();
    }

    private static int SectorOf(long offset) => (int)(offset / SimulatedDisk.SectorSizeBytes);

    private static void Grow(ref byte[] bytes, int length)
    {
        if (bytes.Length < length) Array.Resize(ref bytes, Math.Max(length, bytes.Length * 2));
    }
}
