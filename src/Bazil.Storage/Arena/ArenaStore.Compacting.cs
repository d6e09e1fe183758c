using System.Buffers;
using System.Globalization;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Storage.Pacing;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <content>
/// Compaction: what is left in a mostly empty segment is appended anew, then the segment goes. A crash in between leaves two
/// records of one object, of which lookups take the newer; the catalog names the segment, so compaction goes on at the next open.
/// </content>
public sealed partial class ArenaStore
{
    private readonly SemaphoreSlim _upkeep = new(1); // one compaction at a time

    /// <summary>Compacts every segment that deserves it, now rather than in the background.</summary>
    internal async ValueTask CompactAsync(CancellationToken cancel)
    {
        await _upkeep.WaitAsync(cancel);
        try
        {
            while (NextToCompact() is { } segment) await CompactOrLeaveAsync(segment, cancel);
        }
        catch (DamagedIndexException damage)
        {
            Repair(damage); // compaction goes on at the next turn
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite("cannot compact a segment", exception);
        }
        finally
        {
            _upkeep.Release();
        }
    }

    private Segment? NextToCompact() => _segments.Values
        .Where(segment => !_tables.Any(tail => tail.Segment == segment))
        .Where(segment => !segment.CannotBeCompacted)
        .Where(segment => segment.IsBeingCompacted || segment.LiveBytes * 100 < (segment.Head - SegmentHeader.SizeBytes) * _options.CompactBelowLivePercent)
        .Where(segment => segment.IsBeingCompacted || IsWorthKeeping(segment))
        .MinBy(segment => (!segment.IsBeingCompacted, segment.LiveBytes));

    /// <summary>A segment that cannot be read stays as it is, with what can be read of it, and the others get their turn.</summary>
    private async ValueTask CompactOrLeaveAsync(Segment segment, CancellationToken cancel)
    {
        try
        {
            await CompactAsync(segment, cancel);
        }
        catch (IOException exception) when (exception is StrandedSegmentException or ForeignSegmentException or NewerSegmentException)
        {
            Leave(segment, exception.Message);
        }
        catch (UnixException exception) when (StoreFailure.IsUnreadable(exception) && exception.Path == segment.File.Path)
        {
            Leave(segment, exception.Message);
        }
    }

    private void Leave(Segment segment, string reason)
    {
        segment.CannotBeCompacted = true;
        Report(new StoreProblem(StoreProblemKind.UnreadableRange, $"store {Name}: {segment.Path} is not compacted and stays as it is: {reason}"));
    }

    private async ValueTask CompactAsync(Segment segment, CancellationToken cancel)
    {
        CheckNotBroken();
        segment.IsBeingCompacted = true;
        SaveCatalog([]);
        var pace = new BytePace(_options.Clock, _options.CompactionBytesPerSecond);
        var walker = new SegmentWalker(segment, segment.Head);
        while (walker.MoveNext())
        {
            cancel.ThrowIfCancellationRequested();
            if (!walker.IsRecord) KeepBroken(segment, walker);
            else if (walker.Header.Kind == RecordKind.Live && Copy(segment, walker.Block, walker.Header)) await pace.WaitAsync(walker.Header.RecordSizeBytes, cancel);
            else if (walker.Header.Kind == RecordKind.Damaged) KeepDamaged(segment, walker.Block, walker.Header);
            if (_tables.Length > ArenaLimits.FrozenCountMax) Seal(cancel);
        }

        Commit();
        Retire([segment]);
        Seal(cancel);
    }

    /// <summary>Appends a record anew if it is still the one in force.</summary>
    private bool Copy(Segment segment, uint block, RecordHeader header)
    {
        using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(header.Length);
        lock (StripeOf(header.Id))
        {
            Sighting seen = Find(header.Id);
            if (!seen.IsAt(segment, block))
            {
                if (!IsStill(segment, block, header)) return false; // deleted
                if (!seen.IsLive) throw new StrandedSegmentException($"object {header.Id} is not found by its id ({seen.State} {seen.Reason})");
                if (IsWholeElsewhere(seen)) return false;
            }

            if (!segment.TryReadPayload(block, header, buffer.Memory.Span))
            {
                MarkDamaged(segment, block, header);
                KeepDamaged(segment, block, header);
                return false;
            }

            Append(header, buffer.Memory.Span, keepsFloor: false); // it makes more room than it takes
            return true;
        }
    }

    /// <summary>The other record is believed only after it was read. One that is damaged is set aside; one that cannot be read is left, and this one counts.</summary>
    private bool IsWholeElsewhere(in Sighting other)
    {
        try
        {
            using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(other.Header.Length);
            if (other.Segment!.TryReadPayload(other.Block, other.Header, buffer.Memory.Span)) return true;
            MarkDamaged(other.Segment, other.Block, other.Header);
            return false;
        }
        catch (IOException exception) when (StoreFailure.IsUnreadable(exception))
        {
            return false;
        }
    }

    /// <summary>Bytes that are no record are copied before the segment goes; not so what the disk may still show at another time.</summary>
    private void KeepBroken(Segment segment, SegmentWalker range)
    {
        if (!segment.IsBroken(range.Offset, range.EndOffset)) throw new StrandedSegmentException($"bytes {range.Offset} to {range.EndOffset} cannot be read, or read differently each time");
        try
        {
            _space.Take(range.EndOffset - range.Offset);
            Report(SegmentRecovery.Quarantine(Name, _directory, segment, range.Offset, range.EndOffset));
        }
        catch (IOException exception) when (StoreFailure.IsDiskFull(exception))
        {
            throw new StrandedSegmentException($"there is no room for a copy of the damaged bytes {range.Offset} to {range.EndOffset}");
        }
    }

    /// <summary>The segment goes, its damaged records are kept as files.</summary>
    private void KeepDamaged(Segment segment, uint block, in RecordHeader header)
    {
        byte[] bytes = new byte[header.RecordSizeBytes];
        int length = segment.File.Read(bytes, (long)block * ArenaLimits.BlockSizeBytes);
        string name = string.Create(CultureInfo.InvariantCulture, $"{UnixSegmentDirectory.Quarantine}/{segment.Number:D8}-{block}-{header.Id}");
        _directory.ReplaceFile(name, bytes.AsSpan(0, length));
    }
}
