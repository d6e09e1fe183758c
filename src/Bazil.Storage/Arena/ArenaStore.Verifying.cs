using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Storage.Pacing;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <content>Listing, checking, setting aside.</content>
public sealed partial class ArenaStore
{
    private readonly SemaphoreSlim _verification = new(1); // one at a time

    public async IAsyncEnumerable<StoredObject> ScanAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        for (Segment? segment = NextSegment(0); segment is not null; segment = NextSegment(segment.Number + 1))
        {
            var walker = new SegmentWalker(segment, segment.Head);
            while (StepOver(walker, segment))
            {
                cancel.ThrowIfCancellationRequested();
                if (!walker.IsRecord && walker.IsUnreadable) Report(UnreadableRange(segment, walker.Offset, walker.EndOffset));
                if (!walker.IsRecord || walker.Header.Kind != RecordKind.Live) continue;
                if (segment.IsBeingCompacted && !FindWithRepair(walker.Header.Id).IsAt(segment, walker.Block)) continue; // comes in a later segment
                if (IsSuperseded(segment, walker.Block)) continue;
                yield return new StoredObject(walker.Header.Id, walker.Header.Length);
            }
        }

        await ValueTask.CompletedTask;
    }

    public async ValueTask<DamageReport> VerifyAsync(long bytesPerSecondMax, CancellationToken cancel)
    {
        await _verification.WaitAsync(cancel);
        try
        {
            var check = new StoreCheck(new BytePace(_options.Clock, bytesPerSecondMax));
            foreach (uint number in _missing.Keys) check.Problems.Add(new StoreProblem(StoreProblemKind.MissingSegment, $"store {Name}: {Segment.NameOf(number)} is missing"));
            foreach (DamagedIndexException damage in _index.Verify(cancel)) RebuildIndex(damage);
            for (Segment? segment = NextSegment(0); segment is not null; segment = NextSegment(segment.Number + 1)) await VerifyAsync(segment, check, cancel);
            Seal(cancel);
            return check.Report(id => FindWithRepair(id).IsLive);
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw StoreFailure.Of(Name, "cannot be verified", exception);
        }
        finally
        {
            _verification.Release();
        }
    }

    public void MarkDamaged(ObjectId id) => MarkDamaged(id, _ => true);

    public void MarkDamaged(ObjectId id, ReadOnlySpan<byte> found)
    {
        byte[] expected = found.ToArray();
        MarkDamaged(id, seen => Holds(seen, seen.Header.PayloadChecksum, expected));
    }

    private void MarkDamaged(in ObjectId id, Predicate<Sighting> isMeant)
    {
        try
        {
            lock (StripeOf(id))
            {
                if (Find(id) is { IsLive: true } seen && isMeant(seen)) MarkDamaged(seen.Segment!, seen.Block, seen.Header);
            }
        }
        catch (DamagedIndexException damage)
        {
            Repair(damage);
            MarkDamaged(id, isMeant);
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite($"cannot set object {id} aside", exception);
        }
    }

    /// <summary>The caller holds the stripe of the id.</summary>
    private void MarkDamaged(Segment segment, uint block, in RecordHeader header)
    {
        segment.Overwrite(block, header, RecordKind.Damaged);
        Report(new StoreProblem(
            StoreProblemKind.DamagedObject,
            string.Create(CultureInfo.InvariantCulture, $"store {Name}: object {header.Id} at {(long)block * ArenaLimits.BlockSizeBytes} of {segment.Path} is damaged and was set aside"),
            header.Id));
    }

    /// <summary>A reader saw a wrong checksum. Looked at again alone, the object may be gone or moved; else it is damaged.</summary>
    private void QuarantineIfDamaged(in ObjectId id, in Sighting former)
    {
        lock (StripeOf(id))
        {
            Sighting seen = Find(id);
            if (!seen.IsAt(former.Segment!, former.Block)) return;
            using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(seen.Header.Length);
            if (!seen.Segment!.TryReadPayload(seen.Block, seen.Header, buffer.Memory.Span)) MarkDamaged(seen.Segment, seen.Block, seen.Header);
        }
    }

    private Segment? NextSegment(uint from) => _segments.Values.Where(segment => segment.Number >= from).MinBy(segment => segment.Number);

    /// <summary>False at the end, also when the segment was compacted away meanwhile: what was left in it comes later.</summary>
    private bool StepOver(SegmentWalker walker, Segment segment)
    {
        try
        {
            return walker.MoveNext();
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw StoreFailure.Of(Name, $"cannot list {segment.Path}", exception);
        }
    }

    private async ValueTask VerifyAsync(Segment segment, StoreCheck check, CancellationToken cancel)
    {
        if (!TryCheckHeader(segment, check)) return;
        long changeCount = segment.ChangeCount;
        var counted = new Segment(_directory, _storeId, segment.Number);
        var walker = new SegmentWalker(segment, segment.Head);
        var broken = new List<(long Start, long End)>();
        while (StepOver(walker, segment))
        {
            cancel.ThrowIfCancellationRequested();
            if (walker.IsRecord) counted.Count(walker.Header, 1);
            if (!walker.IsRecord && walker.IsUnreadable) check.Problems.Add(UnreadableRange(segment, walker.Offset, walker.EndOffset));
            else if (!walker.IsRecord) broken.Add((walker.Offset, walker.EndOffset));
            else if (walker.Header.Kind == RecordKind.Damaged) check.DamagedIds.Add(walker.Header.Id);
            else if (walker.Header.Kind == RecordKind.Live) Verify(segment, walker.Block, walker.Header, check);
            await check.Pace.WaitAsync(walker.EndOffset - walker.Offset, cancel);
        }

        if (changeCount == segment.ChangeCount) segment.SetCounters(counted.ObjectCount, counted.LiveBytes, counted.DeadBytes, counted.DamagedCount);
        foreach ((long start, long end) in broken) TreatBroken(segment, start, end, check);
    }

    private void Verify(Segment segment, uint block, RecordHeader header, StoreCheck check)
    {
        bool isWhole = false;
        try
        {
            using IMemoryOwner<byte> buffer = BufferPool.Shared.Rent(header.Length);
            isWhole = segment.TryReadPayload(block, header, buffer.Memory.Span);
            if (isWhole && !segment.HasZeroPadding(block, header))
            {
                check.Problems.Add(new StoreProblem(
                    StoreProblemKind.DamagedRange, $"store {Name}: the padding behind object {header.Id} in {segment.Path} is not zero; the object is right", header.Id));
            }
        }
        catch (UnixException exception)
        {
            // The disk may show it again: it is not called damaged before there is something better (see MarkDamaged).
            check.Problems.Add(new StoreProblem(StoreProblemKind.UnreadableRange, $"store {Name}: object {header.Id} cannot be read: {exception.Message}", header.Id));
            return;
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        if (isWhole)
        {
            check.CountRight(header.Length);
            return;
        }

        lock (StripeOf(header.Id))
        {
            if (!IsStill(segment, block, header)) return; // deleted meanwhile
            MarkDamaged(segment, block, header);
        }

        check.DamagedIds.Add(header.Id);
    }

    private bool TryCheckHeader(Segment segment, StoreCheck check)
    {
        try
        {
            if (segment.ReadSegmentHeader() is { } header && header.Stamp == segment.Stamp) return true;
            check.Problems.Add(new StoreProblem(StoreProblemKind.DamagedSegmentHeader, $"store {Name}: the header of {segment.Path} was damaged; it was written anew"));
            segment.WriteSegmentHeader();
            return true;
        }
        catch (StoreException exception) when (exception is ForeignSegmentException or NewerSegmentException)
        {
            check.Problems.Add(new StoreProblem(StoreProblemKind.ForeignSegment, exception.Message));
            return false;
        }
        catch (ObjectDisposedException)
        {
            return false; // compacted away meanwhile
        }
    }

    /// <summary>
    /// Bytes that were records once. Where the index knows what lay there, a damaged record takes the place of the broken header,
    /// so that the object stays known as damaged; the rest becomes a gap. All is copied to quarantine first; where there is no
    /// room for that, it is left as it is.
    /// </summary>
    private void TreatBroken(Segment segment, long start, long end, StoreCheck check)
    {
        if (!segment.IsBroken(start, end))
        {
            check.Problems.Add(UnreadableRange(segment, start, end));
            return;
        }

        IndexEntry[] lost =
        [
            .. _index.Entries()
                .Where(entry => entry.Location.Segment == segment.Number && entry.Location.OffsetBytes >= start && entry.Location.OffsetBytes < end)
                .DistinctBy(entry => entry.Location.Block)
                .OrderBy(entry => entry.Location.Block),
        ];
        if (!TryQuarantine(segment, start, end, check)) return;
        long gapEnd = lost.Length > 0 ? lost[0].Location.OffsetBytes : end;
        if (gapEnd > start) SegmentRecovery.WriteGap(segment, start, gapEnd);
        for (int i = 0; i < lost.Length; i++)
        {
            long next = i + 1 < lost.Length ? lost[i + 1].Location.OffsetBytes : end;
            int length = (int)(next - lost[i].Location.OffsetBytes - RecordHeader.SizeBytes);
            segment.Replace(lost[i].Location.Block, new RecordHeader(RecordKind.Damaged, length, 0, lost[i].Id, segment.SyncedBytes));
            check.DamagedIds.Add(lost[i].Id);
        }
    }

    private bool TryQuarantine(Segment segment, long start, long end, StoreCheck check)
    {
        try
        {
            _space.Take(end - start);
            StoreProblem problem = SegmentRecovery.Quarantine(Name, _directory, segment, start, end);
            Report(problem);
            check.Problems.Add(problem);
            return true;
        }
        catch (IOException exception) when (StoreFailure.IsDiskFull(exception))
        {
            check.Problems.Add(new StoreProblem(
                StoreProblemKind.DamagedRange,
                string.Create(CultureInfo.InvariantCulture, $"store {Name}: {end - start} bytes at {start} of {segment.Path} are damaged; there is no room for a copy, so they were left as they are")));
            return false;
        }
    }

    private StoreProblem UnreadableRange(Segment segment, long start, long end) => new(
        StoreProblemKind.UnreadableRange,
        string.Create(CultureInfo.InvariantCulture, $"store {Name}: {end - start} bytes at {start} of {segment.Path} cannot be read, or read differently each time; they were left as they are"));
}
