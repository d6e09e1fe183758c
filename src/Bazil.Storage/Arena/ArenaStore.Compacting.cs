using System.Buffers;
using System.Globalization;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Storage.Pacing;

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
            while (NextToCompact() is { } segment) await CompactAsync(segment, cancel);
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
        .Where(segment => segment.IsBeingCompacted || segment.LiveBytes * 100 < (segment.Head - SegmentHeader.SizeBytes) * _options.CompactBelowLivePercent)
        .Where(segment => segment.IsBeingCompacted || IsWorthKeeping(segment))
        .MinBy(segment => (!segment.IsBeingCompacted, segment.LiveBytes));

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
            if (!walker.IsRecord) Report(SegmentRecovery.Quarantine(Name, _directory, segment, walker.Offset, walker.EndOffset));
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
                // Deleted, or newer elsewhere: anything else means that the disk or the index does not answer, and nothing may go then.
                if (seen.IsLive || !IsStill(segment, block, header)) return false;
                throw new IOException($"object {header.Id} in {segment.Path} is not found by its id ({seen.State} {seen.Reason})", seen.Failure);
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

    /// <summary>The segment goes, its damaged records are kept as files.</summary>
    private void KeepDamaged(Segment segment, uint block, in RecordHeader header)
    {
        byte[] bytes = new byte[header.RecordSizeBytes];
        int length = segment.File.Read(bytes, (long)block * ArenaLimits.BlockSizeBytes);
        string name = string.Create(CultureInfo.InvariantCulture, $"{UnixSegmentDirectory.Quarantine}/{segment.Number:D8}-{block}-{header.Id}");
        _directory.ReplaceFile(name, bytes.AsSpan(0, length));
    }
}
