using System.Buffers;
using System.Globalization;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Buffers;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>
/// Opens a segment that has no index: finds its records, and repairs what a crash did. What was never proved to be synced
/// (each record says how far the segment was synced when it was written) and is not whole is cut off, or made a gap when
/// whole records follow it. Below that line nothing is cut: what is not a record any more is copied to <c>quarantine/</c>
/// and reported. Records that are whole are kept wherever they lie.
/// </summary>
internal sealed class SegmentRecovery(string storeName, ISegmentDirectory directory, Segment segment, SegmentTable table)
{
    private readonly List<(long Start, long End)> _broken = [];
    private readonly List<(long Start, long End)> _left = []; // unreadable, or damaged and without room for a copy: as they were
    private readonly List<(long Start, long End)> _merged = []; // records that may stand for several former ones
    private readonly List<(uint Block, RecordHeader Header)> _unproved = [];
    private readonly List<StoreProblem> _problems = [];
    private long _proved;
    private int _tornCount;
    private bool _hasChanged;

    public IReadOnlyList<StoreProblem> Problems => _problems;

    /// <summary>Some of the segment was synced once; else a crash explains whatever it looks like.</summary>
    public bool WasSynced => _proved > 0;

    /// <summary>Fills the counters and the head of the segment, and returns its table.</summary>
    public TailTable Run()
    {
        long length = segment.File.Length;
        segment.SetCounters(0, 0, 0, 0);
        long end = Walk(length);
        end = CutTornRecords(end);
        end = TreatBrokenRanges(end, length);
        if (end < length)
        {
            segment.File.Truncate(end);
            _hasChanged = true;
        }

        segment.Head = (end + ArenaLimits.BlockSizeBytes - 1) & -ArenaLimits.BlockSizeBytes; // what was left may end in half a block
        if (_hasChanged) segment.File.Sync();
        segment.SyncedBytes = Math.Min(SyncedBorder(), end);
        segment.ProvedBytes = _proved;
        if (_tornCount > 0)
        {
            _problems.Add(new StoreProblem(
                StoreProblemKind.TornTail,
                string.Create(CultureInfo.InvariantCulture, $"store {storeName}: {_tornCount} objects at the end of {segment.Path} were never synced and are not whole: they were cut off")));
        }

        return new TailTable(segment, table);
    }

    /// <summary>Returns where the last record ends.</summary>
    private long Walk(long length)
    {
        var walker = new SegmentWalker(segment, length);
        long end = SegmentHeader.SizeBytes;
        while (walker.MoveNext())
        {
            if (!walker.IsRecord)
            {
                if (walker.IsUnreadable) Leave(walker.Offset, walker.EndOffset, "the disk does not show them");
                else _broken.Add((walker.Offset, walker.EndOffset));
                continue;
            }

            end = walker.EndOffset;
            RecordHeader header = walker.Header;
            if (header.SyncedBytes > _proved)
            {
                _proved = header.SyncedBytes;
                _unproved.RemoveAll(record => EndOf(record) <= _proved);
            }

            segment.Count(header, 1);
            if (header.Kind is RecordKind.Gap or RecordKind.Damaged) _merged.Add((walker.Offset, walker.EndOffset));
            if (header.Kind is not (RecordKind.Live or RecordKind.Damaged)) continue;
            table.Add(header.Id, walker.Block);
            if (header.Kind == RecordKind.Live && walker.EndOffset > _proved) _unproved.Add((walker.Block, header));
        }

        _proved = Math.Min(_proved, length);
        return _left.Select(range => range.End).Append(end).Max();
    }

    private long CutTornRecords(long end)
    {
        for (int i = _unproved.Count - 1; i >= 0; i--)
        {
            (uint block, RecordHeader header) = _unproved[i];
            if (IsWhole(block, header)) continue;
            _tornCount++;
            _hasChanged = true;
            table.Remove(header.Id, block);
            long start = (long)block * ArenaLimits.BlockSizeBytes;
            if (start + header.RecordSizeBytes == end && !_broken.Any(range => range.Start < end && range.End > start))
            {
                segment.Count(header, -1);
                end = start;
            }
            else
            {
                segment.Overwrite(block, header, RecordKind.Dead);
            }
        }

        return end;
    }

    private long TreatBrokenRanges(long end, long length)
    {
        foreach ((long start, long rangeEnd) in _broken)
        {
            if (start >= end && start >= _proved)
            {
                _tornCount++; // behind the last record, and nobody was promised anything: cut
                continue;
            }

            _hasChanged = true;
            if (start < _proved)
            {
                end = Math.Max(end, rangeEnd);
                if (!TryQuarantine(start, rangeEnd)) continue;
            }
            else
            {
                _tornCount++;
            }

            if (rangeEnd == length && rangeEnd % ArenaLimits.BlockSizeBytes != 0)
            {
                end = start; // half a block at the end of the file, copied above if it mattered
                continue;
            }

            WriteGap(segment, start, rangeEnd);
        }

        return end;
    }

    private bool TryQuarantine(long start, long end)
    {
        try
        {
            _problems.Add(Quarantine(storeName, directory, segment, start, end));
            return true;
        }
        catch (IOException exception) when (StoreFailure.IsDiskFull(exception))
        {
            Leave(start, end, "there is no room for a copy of them");
            return false;
        }
    }

    private void Leave(long start, long end, string reason)
    {
        _left.Add((start, end));
        _problems.Add(new StoreProblem(
            StoreProblemKind.UnreadableRange,
            string.Create(CultureInfo.InvariantCulture, $"store {storeName}: {end - start} bytes at {start} of {segment.Path} were left as they are: {reason}")));
    }

    /// <summary>What was left as it is cannot be made durable: it counts as if it were.</summary>
    private long SyncedBorder() =>
        _left.Where(range => range.Start < _proved).Select(range => range.End).Append(BorderBelow(_proved)).Max();

    /// <summary>The proof may end within what is one record now.</summary>
    private long BorderBelow(long offset) =>
        _broken.Except(_left).Concat(_merged).Where(range => range.Start < offset && range.End > offset).Select(range => range.Start).DefaultIfEmpty(offset).Min();

    private bool IsWhole(uint block, in RecordHeader header)
    {
        try
        {
            using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(header.Length);
            return segment.TryReadPayload(block, header, buffer.Memory.Span);
        }
        catch (IOException exception) when (StoreFailure.IsUnreadable(exception))
        {
            return false; // never proved to be synced, and not to be had
        }
    }

    /// <summary>Copies a range that should hold records and does not.</summary>
    public static StoreProblem Quarantine(string storeName, ISegmentDirectory directory, Segment segment, long start, long end)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{UnixSegmentDirectory.Quarantine}/{segment.Number:D8}-{start}");
        directory.CopyRange(segment.File, start, end - start, name);
        return new StoreProblem(
            StoreProblemKind.DamagedRange,
            string.Create(CultureInfo.InvariantCulture, $"store {storeName}: {end - start} bytes at {start} of {segment.Path} are damaged; they were copied to {Path.Combine(directory.Path, name)}"));
    }

    /// <summary>Makes a range one that scans step over.</summary>
    public static void WriteGap(Segment segment, long start, long end)
    {
        segment.WriteGap(start, end - start);
        segment.Count(new RecordHeader(RecordKind.Gap, (int)(end - start - RecordHeader.SizeBytes), 0, default, 0), 1);
    }

    private static long EndOf((uint Block, RecordHeader Header) record) =>
        ((long)record.Block * ArenaLimits.BlockSizeBytes) + record.Header.RecordSizeBytes;
}
