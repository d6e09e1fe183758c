namespace Bazil.Storage.Tests.Arena.Simulation;

/// <summary>A file: what was written, and what was synced.</summary>
internal sealed class SimulatedContent
{
    private byte[] _current = [];
    private byte[] _durable = [];

    public int Length { get; private set; }

    private int _durableLength;

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
        _durable.AsSpan().Clear();
        _current.AsSpan(0, Length).CopyTo(_durable);
        _durableLength = Length;
    }

    public SimulatedContent Copy() => new() { _current = [.. _current], _durable = [.. _durable], Length = Length, _durableLength = _durableLength };

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
            if (random.Next(100) >= keptPercent) _durable.AsSpan(sector).CopyTo(_current.AsSpan(sector));
        }

        Length = length;
        _current.AsSpan(length).Clear();
        Sync();
    }

    private static void Grow(ref byte[] bytes, int length)
    {
        if (bytes.Length < length) Array.Resize(ref bytes, Math.Max(length, bytes.Length * 2));
    }
}
