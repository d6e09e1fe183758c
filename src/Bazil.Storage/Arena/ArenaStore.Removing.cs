using Bazil.Core;

namespace Bazil.Storage.Arena;

/// <content>Deleting, and giving space back.</content>
public sealed partial class ArenaStore
{
    private readonly Lock _dead = new(); // guards _pendingPunches and _superseded; innermost
    private readonly Lock _reclaiming = new(); // one reclaim at a time; before _committing
    private readonly Lock _cataloging = new(); // one writer of the catalog at a time; before _append
    private List<(Segment Segment, uint Block, int Length)> _pendingPunches = [];
    private long _givenBackAt; // clock ticks; 0 for long ago
    private readonly Dictionary<(Segment Segment, uint Block), RecordHeader> _superseded = [];

    private int PendingPunchCount
    {
        get
        {
            lock (_dead) return _pendingPunches.Count + _superseded.Count;
        }
    }

    /// <summary>Gives back the space of what was deleted, now rather than in the background.</summary>
    public ValueTask ReclaimAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        GiveBack();
        return ValueTask.CompletedTask;
    }

    /// <summary>A file system says that space is free some time after it was given back; ext4 does when its journal is committed.</summary>
    private bool IsRoomComing => Volatile.Read(ref _givenBackAt) is not 0 and var since && _options.Clock.GetElapsedTime(since) < ArenaLimits.FreeingTime;

    private void NoteGivenBack() => Volatile.Write(ref _givenBackAt, _options.Clock.GetTimestamp());

    /// <summary>What was deleted takes room until the background comes to it: now it is needed.</summary>
    private async ValueTask PutWhenThereIsRoomAsync(ObjectId id, ReadOnlyMemory<byte> content, CancellationToken cancel)
    {
        if (PendingPunchCount > 0) GiveBack();
        while (IsRoomComing)
        {
            _space.Measure();
            if (_space.HasRoom(content.Length)) break;
            await Task.Delay(ArenaLimits.FreeingPoll, _options.Clock, cancel);
        }

        await PutAsync(id, content, cancel);
    }

    private void GiveBack()
    {
        try
        {
            Reclaim();
            _space.Measure();
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite("cannot give back the space of deleted objects", exception);
        }
    }

    private bool Delete(in ObjectId id)
    {
        bool wasThere = false;
        lock (StripeOf(id))
        {
            CheckUsable();
            while (Find(id) is { IsRecord: true } seen)
            {
                wasThere |= seen.IsLive;
                Kill(seen);
            }
        }

        if (PendingPunchCount == ArenaLimits.WakingPunchCount) WakeBackground();
        if (wasThere) NoteChange();
        return wasThere;
    }

    /// <summary>Makes a record dead. The caller holds the stripe of its id.</summary>
    private void Kill(in Sighting seen)
    {
        try
        {
            Segment segment = seen.Segment!;
            segment.Overwrite(seen.Block, seen.Header, RecordKind.Dead);
            foreach (TailTable tail in _tables.Where(tail => tail.Segment == segment)) tail.Table.Remove(seen.Header.Id, seen.Block);
            lock (_dead) _pendingPunches.Add((segment, seen.Block, seen.Header.Length));
        }
        catch (ObjectDisposedException) when (seen.Segment!.IsRetired)
        {
            // It was compacted away meanwhile.
        }
    }

    /// <summary>
    /// There is a newer record of the object, which lookups take. The old one must not die before the new one is durable, or
    /// power loss could take both.
    /// </summary>
    private void Supersede(in Sighting seen)
    {
        lock (_dead) _superseded[(seen.Segment!, seen.Block)] = seen.Header;
    }

    private bool IsSuperseded(Segment segment, uint block)
    {
        lock (_dead) return _superseded.Count > 0 && _superseded.ContainsKey((segment, block));
    }

    private void KillSuperseded()
    {
        KeyValuePair<(Segment Segment, uint Block), RecordHeader>[] superseded;
        lock (_dead) superseded = [.. _superseded];
        if (superseded.Length == 0) return;
        Commit();
        Interlocked.Increment(ref _epoch);
        foreach (((Segment segment, uint block), RecordHeader header) in superseded)
        {
            lock (StripeOf(header.Id))
            {
                if (IsStill(segment, block, header)) Kill(new Sighting(SightingState.Live, segment, block, header, "", null));
            }

            lock (_dead) _superseded.Remove((segment, block));
        }
    }

    private static bool IsStill(Segment segment, uint block, in RecordHeader header)
    {
        try
        {
            return segment.TryReadHeader(block, out RecordHeader now) && now == header;
        }
        catch (ObjectDisposedException)
        {
            return false; // compacted away meanwhile
        }
    }

    /// <summary>
    /// First the dead headers become durable, then their payloads go: the other way round, power loss would leave live headers
    /// in front of holes. Segments without anything live go as a whole.
    /// </summary>
    private void Reclaim()
    {
        lock (_reclaiming)
        {
            CheckNotBroken();
            KillSuperseded();
            List<(Segment Segment, uint Block, int Length)> punches;
            if (PendingPunchCount > 0) NoteGivenBack(); // before nothing is pending any more: other puts wait, too
            lock (_dead)
            {
                punches = _pendingPunches;
                _pendingPunches = [];
            }

            foreach (IGrouping<Segment, (Segment Segment, uint Block, int Length)> group in punches.GroupBy(punch => punch.Segment))
            {
                if (!IsWorthKeeping(group.Key)) continue;
                try
                {
                    SyncDeaths(group.Key);
                    foreach ((Segment segment, uint block, int length) in group) segment.Punch(block, length);
                }
                catch (ObjectDisposedException)
                {
                    // Compacted away meanwhile.
                }
            }

            if (punches.Count > 0) NoteGivenBack();
            Segment[] empty = [.. _segments.Values.Where(segment => !IsWorthKeeping(segment) && IsEmpty(segment))];
            if (empty.Length > 0) Retire(empty);
            else if (punches.Count > 0) SaveCatalog([]);
        }
    }

    /// <summary>A segment without a table is covered by the index, hence complete.</summary>
    private bool IsWorthKeeping(Segment segment) =>
        segment.ObjectCount > 0 || segment.DamagedCount > 0 || segment.IsBeingCompacted || _tables.Any(tail => tail.Segment == segment);

    /// <summary>
    /// Counters are not to be relied on for this: power loss may have brought back what they count as deleted. In a segment that
    /// the index covers nothing is put, so what is empty stays empty.
    /// </summary>
    private static bool IsEmpty(Segment segment)
    {
        try
        {
            return segment.Recount() && segment.ObjectCount == 0 && segment.DamagedCount == 0;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or ForeignSegmentException or NewerSegmentException || StoreFailure.IsUnreadable(exception))
        {
            return false; // compacted away meanwhile, or nobody knows what is in it
        }
    }

    /// <summary>Alone, as every sync: the kernel tells of a failure only one of two that sync a file at the same time.</summary>
    private void SyncDeaths(Segment segment)
    {
        lock (_committing)
        {
            CheckNotBroken();
            try
            {
                segment.File.Sync();
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw FailedSync(exception);
            }
        }
    }

    /// <summary>Removes segments in which nothing is left. The catalog says so first, so that they are not missed.</summary>
    private void Retire(IReadOnlyCollection<Segment> segments)
    {
        SaveCatalog(segments);
        Interlocked.Increment(ref _epoch);
        lock (_sealing)
        {
            // A table may have taken the place of a damaged index meanwhile.
            lock (_append) _tables = [.. _tables.Where(tail => !segments.Contains(tail.Segment))];
            foreach (Segment segment in segments)
            {
                _segments.TryRemove(segment.Number, out _);
                _index.Drop(segment.Number);
                segment.Dispose();
                _directory.Remove(segment.Name);
            }
        }

        _directory.SyncSegmentNames(); // the next catalog does not name them any more: they must not come back
    }

    private void SaveCatalog(IReadOnlyCollection<Segment> retired)
    {
        lock (_cataloging)
        {
            foreach (Segment segment in retired) segment.IsRetired = true; // in the next catalog too: it may be written before the segment is gone
            uint nextNumber;
            bool hasNewNames;
            TailTable[] tails;
            Segment[] segments;
            lock (_append)
            {
                nextNumber = _nextNumber;
                hasNewNames = _nameChanges != Volatile.Read(ref _syncedNameChanges);
                tails = _tables;
                segments = [.. _segments.Values.OrderBy(segment => segment.Number)];
            }

            if (hasNewNames) _directory.SyncSegmentNames(); // a segment that the catalog names is missed when it is not there
            CatalogEntry[] entries =
            [
                .. segments.Select(segment => new CatalogEntry(
                    segment.Number, segment.IsRetired, tails.All(tail => tail.Segment != segment), segment.IsBeingCompacted, segment.Stamp, segment.Head,
                    segment.ObjectCount, segment.LiveBytes, segment.DeadBytes, segment.DamagedCount)),
                .. _missing.Values,
            ];
            _directory.ReplaceFile(SegmentCatalog.FileName, SegmentCatalog.Write(_storeId, nextNumber, entries));
        }
    }
}
