namespace Bazil.Storage.Arena;

/// <summary>
/// Steps through the records of a segment from the start. Where there is no valid header it goes on, block by block, to the
/// next one, and reports what it passed as a broken range. What the disk does not show is passed likewise, unless it is too much of it. Small records are read many at a time, of large ones only the headers.
/// Not for concurrent use; changes of the segment meanwhile are seen or not.
/// </summary>
internal sealed class SegmentWalker(Segment segment, long end, long start = SegmentHeader.SizeBytes)
{
    private const int LargeRecordSizeBytes = 16 * 1024;
    private const int HeaderReadSizeBytes = 4096;
    private const int PieceSizeBytes = 4096; // what is read at once where a larger read failed

    private readonly byte[] _buffer = new byte[ArenaLimits.ScanBufferSizeBytes];
    private readonly List<long> _unreadable = []; // starts of pieces
    private long _bufferOffset;
    private int _bufferLength;
    private long _next = start;
    private bool _isSparse;
    private bool _hasRead;

    /// <summary>Where the record or the broken range starts.</summary>
    public long Offset { get; private set; }

    /// <summary>Where it ends.</summary>
    public long EndOffset => _next;

    public uint Block => (uint)(Offset / ArenaLimits.BlockSizeBytes);

    /// <summary>False for a broken range.</summary>
    public bool IsRecord { get; private set; }

    /// <summary>Of a broken range: the disk refuses to show some of it, so there may be records in it.</summary>
    public bool IsUnreadable => _unreadable.Any(piece => piece < EndOffset && piece + PieceSizeBytes > Offset);

    public RecordHeader Header { get; private set; }

    public bool MoveNext()
    {
        Offset = _next;
        if (Offset >= end) return false;
        // What is in the buffer may have been half overwritten while it was read.
        bool isHeader = TryReadHeader(Offset, out RecordHeader header) || TryReadHeaderAgain(out header);
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

    private bool TryReadHeaderAgain(out RecordHeader header)
    {
        try
        {
            return segment.TryReadHeader(Block, out header);
        }
        catch (IOException exception) when (_unreadable.Count > 0 && StoreFailure.IsUnreadable(exception))
        {
            header = default;
            return false;
        }
    }

    private int Read(long offset, int wanted)
    {
        try
        {
            int count = segment.File.Read(_buffer.AsSpan(0, wanted), offset);
            _hasRead = true;
            return count;
        }
        catch (IOException exception) when (StoreFailure.IsUnreadable(exception))
        {
            return ReadPieces(offset, wanted);
        }
    }

    /// <summary>What cannot be read counts as zeros. Where nothing can be, the disk is gone rather than damaged, and the failure is the caller's.</summary>
    private int ReadPieces(long offset, int wanted)
    {
        int done = 0;
        while (done < wanted)
        {
            long place = offset + done;
            long start = place - (place % PieceSizeBytes);
            Span<byte> piece = _buffer.AsSpan(done, (int)Math.Min(start + PieceSizeBytes - place, wanted - done));
            try
            {
                int count = segment.File.Read(piece, place);
                _hasRead = true;
                done += count;
                if (count < piece.Length) return done;
            }
            catch (IOException exception) when (StoreFailure.IsUnreadable(exception) && _unreadable.Count < ArenaLimits.UnreadablePieceCountMax)
            {
                if (done + piece.Length == wanted && !_hasRead) throw;
                if (!_unreadable.Contains(start)) _unreadable.Add(start);
                piece.Clear();
                done += piece.Length;
            }
        }

        return done;
    }

    private bool TryReadHeader(long offset, out RecordHeader header)
    {
        if (offset < _bufferOffset || offset + RecordHeader.SizeBytes > _bufferOffset + _bufferLength)
        {
            int wanted = (int)Math.Min(_isSparse ? HeaderReadSizeBytes : _buffer.Length, end - offset);
            _bufferOffset = offset;
            _bufferLength = Read(offset, wanted);
        }

        return segment.TryParse(
            _buffer.AsSpan((int)(offset - _bufferOffset), _bufferLength - (int)(offset - _bufferOffset)), (uint)(offset / ArenaLimits.BlockSizeBytes), out header);
    }
}
