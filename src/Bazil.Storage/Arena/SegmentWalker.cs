namespace Bazil.Storage.Arena;

/// <summary>
/// Steps through the records of a segment from the start. Where there is no valid header it goes on, block by block, to the
/// next one, and reports what it passed as a broken range. Small records are read many at a time, of large ones only the headers.
/// Not for concurrent use; changes of the segment meanwhile are seen or not.
/// </summary>
internal sealed class SegmentWalker(Segment segment, long end, long start = SegmentHeader.SizeBytes)
{
    private const int LargeRecordSizeBytes = 16 * 1024;
    private const int HeaderReadSizeBytes = 4096;

    private readonly byte[] _buffer = new byte[ArenaLimits.ScanBufferSizeBytes];
    private long _bufferOffset;
    private int _bufferLength;
    private long _next = start;
    private bool _isSparse;

    /// <summary>Where the record or the broken range starts.</summary>
    public long Offset { get; private set; }

    /// <summary>Where it ends.</summary>
    public long EndOffset => _next;

    public uint Block => (uint)(Offset / ArenaLimits.BlockSizeBytes);

    /// <summary>False for a broken range.</summary>
    public bool IsRecord { get; private set; }

    public RecordHeader Header { get; private set; }

    public bool MoveNext()
    {
        Offset = _next;
        if (Offset >= end) return false;
        // What is in the buffer may have been half overwritten while it was read.
        bool isHeader = TryReadHeader(Offset, out RecordHeader header) || segment.TryReadHeader((uint)(Offset / ArenaLimits.BlockSizeBytes), out header);
        if (isHeader && Offset + header.RecordSizeBytes <= end)
        {
            IsRecord = true;
            Header = header;
            _next = Offset + header.RecordSizeBytes;
            _isSparse = header.RecordSizeBytes > LargeRecordSizeBytes;
            return true;
        }

        IsRecord = false;
        _isSparse = false;
        for (_next = Offset + ArenaLimits.BlockSizeBytes; _next < end; _next += ArenaLimits.BlockSizeBytes)
        {
            if (TryReadHeader(_next, out header) && _next + header.RecordSizeBytes <= end) return true;
        }

        _next = end;
        return true;
    }

    private bool TryReadHeader(long offset, out RecordHeader header)
    {
        if (offset < _bufferOffset || offset + RecordHeader.SizeBytes > _bufferOffset + _bufferLength)
        {
            int wanted = (int)Math.Min(_isSparse ? HeaderReadSizeBytes : _buffer.Length, end - offset);
            _bufferOffset = offset;
            _bufferLength = segment.File.Read(_buffer.AsSpan(0, wanted), offset);
        }

        return segment.TryParse(
            _buffer.AsSpan((int)(offset - _bufferOffset), _bufferLength - (int)(offset - _bufferOffset)), (uint)(offset / ArenaLimits.BlockSizeBytes), out header);
    }
}
