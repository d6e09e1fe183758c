using System.Buffers;
using System.Globalization;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <summary>
/// One file of records. Its file is opened when it is first needed. Reads need no lock; appending is for one at a time (the
/// store's append lock), overwriting the header of a record for whoever holds the stripe of its id.
/// Invariants: every byte below <see cref="Head"/> belongs to a record (or is damaged), and <see cref="SyncedBytes"/> is at
/// most <see cref="Head"/>.
/// </summary>
internal sealed class Segment(ISegmentDirectory directory, UInt128 storeId, uint number) : IDisposable
{
    private static readonly byte[] _zeros = new byte[ArenaLimits.BlockSizeBytes];

    private readonly uint _salt = SegmentHeader.SaltOf(storeId, number);
    private readonly Lock _openLock = new(); // guards opening and disposing of _file; innermost
    private volatile ISegmentFile? _file;
    private bool _isDisposed;
    private long _head = SegmentHeader.SizeBytes;
    private long _synced;
    private long _reserved;
    private long _objectCount;
    private long _liveBytes;
    private long _deadBytes;
    private int _damagedCount;
    private long _changeCount;
    private long _proved;

    public uint Number => number;

    /// <summary>Random number of the header; 0 as long as it is not known.</summary>
    public ulong Stamp { get; set; }

    /// <summary>Where the next record goes, or for a sealed segment where the last one ends.</summary>
    public long Head
    {
        get => Volatile.Read(ref _head);
        set => Volatile.Write(ref _head, value);
    }

    /// <summary>Everything below survives power loss.</summary>
    public long SyncedBytes
    {
        get => Volatile.Read(ref _synced);
        set => Volatile.Write(ref _synced, value);
    }

    public long ObjectCount => Volatile.Read(ref _objectCount);

    public long LiveBytes => Volatile.Read(ref _liveBytes);

    public long DeadBytes => Volatile.Read(ref _deadBytes);

    /// <summary>Grows with every change of the counters.</summary>
    public long ChangeCount => Volatile.Read(ref _changeCount);

    /// <summary>What the records themselves say durably about how far the segment was synced.</summary>
    public long ProvedBytes
    {
        set => Volatile.Write(ref _proved, value);
    }

    /// <summary>Something lies between what is proved and the last record.</summary>
    public bool NeedsMark => Volatile.Read(ref _proved) < Head - RecordHeader.SizeBytes;

    /// <summary>Damaged records, which are kept.</summary>
    public int DamagedCount => Volatile.Read(ref _damagedCount);

    /// <summary>Records of this segment were copied elsewhere, and it goes as soon as the copies are durable.</summary>
    public bool IsBeingCompacted { get; set; }

    /// <summary>It cannot be read or set aside whole, so compaction leaves it as it is until the store is opened again.</summary>
    public bool CannotBeCompacted { get; set; }

    /// <summary>Nothing in it is needed any more; it is about to be removed.</summary>
    public bool IsRetired { get; set; }

    public string Name => NameOf(number);

    public string Path => System.IO.Path.Combine(directory.Path, Name);

    public ISegmentFile File => _file ?? OpenFile();

    public SealedSegment Identity => new(number, Stamp);

    public static string NameOf(uint number) => string.Create(CultureInfo.InvariantCulture, $"{UnixSegmentDirectory.Segments}/{number:D8}.seg");

    public static bool TryParseName(string name, out uint number)
    {
        number = 0;
        return name.EndsWith(".seg", StringComparison.Ordinal)
            && uint.TryParse(name.AsSpan(0, name.Length - 4), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && NameOf(number).EndsWith("/" + name, StringComparison.Ordinal);
    }

    /// <summary>Makes the file of a new segment.</summary>
    public void Create(ulong stamp)
    {
        ISegmentFile file = directory.Create(Name);
        try
        {
            Stamp = stamp;
            _file = file;
            WriteSegmentHeader();
        }
        catch
        {
            file.Dispose();
            directory.Remove(Name);
            throw;
        }
    }

    public void WriteSegmentHeader()
    {
        Span<byte> bytes = stackalloc byte[SegmentHeader.SizeBytes];
        new SegmentHeader(number, storeId, Stamp).Write(bytes);
        File.Write(bytes, [], [], 0);
    }

    /// <summary>Null when the header is damaged.</summary>
    /// <exception cref="ForeignSegmentException">The file is another segment.</exception>
    /// <exception cref="NewerSegmentException">This program does not know its format.</exception>
    public SegmentHeader? ReadSegmentHeader() => CheckHeader(File);

    public bool TryReadHeader(uint block, out RecordHeader header)
    {
        Span<byte> bytes = stackalloc byte[RecordHeader.SizeBytes];
        int count = File.Read(bytes, (long)block * ArenaLimits.BlockSizeBytes);
        return TryParse(bytes[..count], block, out header);
    }

    public bool TryParse(ReadOnlySpan<byte> bytes, uint block, out RecordHeader header) => RecordHeader.TryRead(bytes, _salt, block, out header);

    /// <summary>Reads the object behind a header; false when its checksum is wrong.</summary>
    public bool TryReadPayload(uint block, in RecordHeader header, Span<byte> buffer) =>
        File.Read(buffer, PayloadOffset(block)) == buffer.Length && Checksum.OfPayload(buffer) == header.PayloadChecksum;

    /// <summary>A second look before anything is done about it: bytes that are no record, and all of them can be read.</summary>
    public bool IsBroken(long start, long end)
    {
        var walker = new SegmentWalker(this, Head, start);
        return walker.MoveNext() && !walker.IsRecord && !walker.IsUnreadable && walker.EndOffset == end;
    }

    /// <summary>Whether what is left up to the end of the record is zero, as it was written.</summary>
    public bool HasZeroPadding(uint block, in RecordHeader header)
    {
        Span<byte> padding = stackalloc byte[ArenaLimits.BlockSizeBytes];
        padding = padding[..RecordHeader.PaddingOf(header.Length)];
        return File.Read(padding, PayloadOffset(block) + header.Length) == padding.Length && !padding.ContainsAnyExcept((byte)0);
    }

    /// <summary>Reserves space for so many more bytes, in steps, so that writing them cannot fail half way.</summary>
    /// <param name="segmentSizeBytesMax">No step goes beyond.</param>
    public void Reserve(long sizeBytes, long segmentSizeBytesMax)
    {
        long end = Head + sizeBytes;
        if (end <= _reserved) return;
        long step = Math.Max(sizeBytes, Math.Min(ArenaLimits.ReserveStepBytes, segmentSizeBytesMax - Head));
        try
        {
            File.Reserve(Head, step);
            _reserved = Head + step;
        }
        catch (UnixException exception) when (exception.Error is Errno.ENOSPC or Errno.EDQUOT && step > sizeBytes)
        {
            File.Reserve(Head, sizeBytes); // there may be room for just this
            _reserved = end;
        }
    }

    /// <summary>Gives back what was reserved and not used.</summary>
    public void ReleaseReserved() => File.Truncate(Head);

    /// <summary>Writes a record at the head and returns its block. After a failure nothing of it counts.</summary>
    public uint Append(in RecordHeader header, ReadOnlySpan<byte> payload)
    {
        long offset = Head;
        uint block = (uint)(offset / ArenaLimits.BlockSizeBytes);
        Span<byte> bytes = stackalloc byte[RecordHeader.SizeBytes];
        long synced = SyncedBytes;
        (header with { SyncedBytes = synced }).Write(bytes, _salt, block);
        File.Write(bytes, payload, _zeros.AsSpan(0, RecordHeader.PaddingOf(payload.Length)), offset);
        ProvedBytes = synced;
        Head = offset + header.RecordSizeBytes;
        Count(header, 1);
        return block;
    }

    /// <summary>Replaces a header in place; the record keeps its length.</summary>
    public void Overwrite(uint block, in RecordHeader former, RecordKind kind)
    {
        WriteHeader(block, former with { Kind = kind });
        Count(former, -1);
        Count(former with { Kind = kind }, 1);
    }

    /// <summary>Writes a header where there was none that counted.</summary>
    public void Replace(uint block, in RecordHeader header)
    {
        WriteHeader(block, header);
        Count(header, 1);
    }

    /// <summary>Makes a range steppable: a gap of this size, header included.</summary>
    public void WriteGap(long offset, long sizeBytes) =>
        WriteHeader((uint)(offset / ArenaLimits.BlockSizeBytes), new RecordHeader(RecordKind.Gap, (int)(sizeBytes - RecordHeader.SizeBytes), 0, default, 0));

    /// <summary>Writes a record once more as it is, of one without bytes that count only the header; false when it is not right any more.</summary>
    public bool TryWriteAgain(uint block)
    {
        if (!TryReadHeader(block, out RecordHeader header)) return false;
        bool hasContent = header.Kind is RecordKind.Live or RecordKind.Damaged;
        using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(hasContent ? (int)header.RecordSizeBytes : RecordHeader.SizeBytes);
        Span<byte> bytes = buffer.Memory.Span;
        long offset = (long)block * ArenaLimits.BlockSizeBytes;
        if (File.Read(bytes, offset) != bytes.Length) return false;
        if (header.Kind == RecordKind.Live && Checksum.OfPayload(bytes.Slice(RecordHeader.SizeBytes, header.Length)) != header.PayloadChecksum) return false;
        File.Write(bytes, [], [], offset);
        return true;
    }

    /// <summary>Gives the pages of a dead record back.</summary>
    public void Punch(uint block, int length)
    {
        const int pageSize = 4096;
        long start = (PayloadOffset(block) + pageSize - 1) & -pageSize;
        long end = (PayloadOffset(block) + length) & -pageSize;
        if (end > start) File.Punch(start, end - start);
    }

    /// <summary>Adds a record to the counters, or takes it out.</summary>
    public void Count(in RecordHeader header, int sign)
    {
        Interlocked.Increment(ref _changeCount);
        long size = sign * header.RecordSizeBytes;
        if (header.Kind == RecordKind.Live)
        {
            Interlocked.Add(ref _objectCount, sign);
            Interlocked.Add(ref _liveBytes, size);
        }
        else
        {
            Interlocked.Add(ref _deadBytes, size);
            if (header.Kind == RecordKind.Damaged) Interlocked.Add(ref _damagedCount, sign);
        }
    }

    /// <summary>Sets the counters to what the headers say, of a segment that takes no more records. False when some of it is broken.</summary>
    public bool Recount()
    {
        var counted = new Segment(directory, storeId, number);
        var walker = new SegmentWalker(this, Head);
        bool isWhole = true;
        while (walker.MoveNext())
        {
            isWhole &= walker.IsRecord;
            if (walker.IsRecord) counted.Count(walker.Header, 1);
        }

        SetCounters(counted.ObjectCount, counted.LiveBytes, counted.DeadBytes, counted.DamagedCount);
        return isWhole;
    }

    public void SetCounters(long objectCount, long liveBytes, long deadBytes, int damagedCount)
    {
        Volatile.Write(ref _objectCount, objectCount);
        Volatile.Write(ref _liveBytes, liveBytes);
        Volatile.Write(ref _deadBytes, deadBytes);
        Volatile.Write(ref _damagedCount, damagedCount);
    }

    public void Dispose()
    {
        lock (_openLock)
        {
            _isDisposed = true;
            _file?.Dispose();
        }
    }

    private void WriteHeader(uint block, in RecordHeader header)
    {
        Span<byte> bytes = stackalloc byte[RecordHeader.SizeBytes];
        header.Write(bytes, _salt, block);
        File.Write(bytes, [], [], (long)block * ArenaLimits.BlockSizeBytes);
    }

    private ISegmentFile OpenFile()
    {
        lock (_openLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_file is { } opened) return opened;
            ISegmentFile file = directory.Open(Name);
            try
            {
                CheckHeader(file);
                return _file = file;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
    }

    /// <summary>A damaged header does no harm: each record proves by itself that it is one of this segment.</summary>
    private SegmentHeader? CheckHeader(ISegmentFile file)
    {
        Span<byte> bytes = stackalloc byte[SegmentHeader.SizeBytes];
        int count = file.Read(bytes, 0);
        if (!SegmentHeader.TryRead(bytes[..count], out SegmentHeader header, out int version)) return null;
        if (version != SegmentHeader.Version) throw new NewerSegmentException($"segment {file.Path} has version {version}, and this Bazil knows only {SegmentHeader.Version}: upgrade it");
        if (header.StoreId != storeId) throw new ForeignSegmentException($"segment {file.Path} belongs to another store");
        if (header.Number != number) throw new ForeignSegmentException($"segment {file.Path} is a copy of segment {header.Number}");
        return header;
    }

    private static long PayloadOffset(uint block) => ((long)block * ArenaLimits.BlockSizeBytes) + RecordHeader.SizeBytes;
}
