using Bazil.Storage.Arena.Index;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <content>Writing the index of segments that are full.</content>
public sealed partial class ArenaStore
{
    private readonly Lock _sealing = new(); // one writer of index files from segments, and none while segments go; after _reclaiming, before _committing

    /// <summary>Writes the index of every closed segment, now rather than in the background.</summary>
    internal ValueTask SealAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            Seal(cancel);
            return ValueTask.CompletedTask;
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite("cannot write its index", exception);
        }
    }

    private bool IsFrozen(TailTable tail)
    {
        lock (_append) return tail != _open;
    }

    private void Seal(CancellationToken cancel)
    {
        lock (_sealing)
        {
            CheckNotBroken();
            TailTable[] frozen = [.. _tables.Where(IsFrozen).Reverse()];
            if (frozen.Length == 0) return;
            Commit();
            foreach (TailTable tail in frozen)
            {
                tail.Segment.ReleaseReserved();
                if (tail.Segment.NeedsMark) Mark(tail.Segment);
                SyncDeaths(tail.Segment);
                _index.Add([tail.Segment.Identity], EntriesOf(tail.Segment), EntriesOf(tail.Segment).LongCount(), cancel);
                lock (_append) _tables = [.. _tables.Where(other => other != tail)];
            }

            SaveCatalog([]);
        }
    }

    /// <summary>The segment itself says durably that all of it was synced: from here on what is not right in it is damage, index or not.</summary>
    private void Mark(Segment segment)
    {
        long head;
        lock (_append)
        {
            if (segment.SyncedBytes != segment.Head) return; // an append came in between; the next record says it
            segment.Append(new RecordHeader(RecordKind.Mark, 0, 0, default, 0), []);
            _unsynced.Add(segment); // should the sync fail, it is written again
            head = segment.Head;
        }

        SyncDeaths(segment);
        segment.SyncedBytes = Math.Max(head, segment.SyncedBytes);
        lock (_append) _unsynced.RemoveAll(other => other == segment && other.SyncedBytes == other.Head);
    }

    /// <summary>Dead records too: power loss may bring back what was deleted a moment ago, and then it has to be found.</summary>
    private static IEnumerable<IndexEntry> EntriesOf(Segment segment)
    {
        var walker = new SegmentWalker(segment, segment.Head);
        while (walker.MoveNext())
        {
            if (walker.IsRecord && walker.Header.Kind is RecordKind.Live or RecordKind.Dead or RecordKind.Damaged)
            {
                yield return new IndexEntry(walker.Header.Id, new SegmentLocation(segment.Number, walker.Block));
            }
        }
    }

    /// <summary>Merges index files until their number is small. A damaged one is built again from its segments.</summary>
    private void MergeIndex(CancellationToken cancel)
    {
        try
        {
            while (_index.Merge(cancel))
            {
                cancel.ThrowIfCancellationRequested();
            }
        }
        catch (DamagedIndexException exception)
        {
            RebuildIndex(exception);
        }
    }

    /// <summary>Tables take the place of the damaged file before it goes, so that no object is missed for a moment.</summary>
    private void RebuildIndex(DamagedIndexException damage)
    {
        lock (_sealing)
        {
            uint[] covered = [.. _index.Files.Where(file => file.Path == damage.Path).SelectMany(file => file.LiveSegments).Select(segment => segment.Number)];
            if (covered.Length == 0) return; // somebody else found it too
            TailTable[] tables = [.. covered.OrderDescending().Select(number => _segments.GetValueOrDefault(number)).OfType<Segment>().Select(TableOf)];
            lock (_append) _tables = [.. _tables, .. tables];
            _index.Discard(damage);
        }

        Report(new StoreProblem(StoreProblemKind.RebuiltIndex, $"store {Name}: {damage.Message}; it is built again"));
    }

    /// <summary>As <see cref="RebuildIndex"/>, for callers in the middle of something else. They hold no lock.</summary>
    private void Repair(DamagedIndexException damage)
    {
        try
        {
            RebuildIndex(damage);
            WakeBackground();
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite("cannot build its index again", exception);
        }
    }

    private TailTable TableOf(Segment segment)
    {
        SegmentTable table = NewTable();
        foreach (IndexEntry entry in EntriesOf(segment)) table.Add(entry.Id, entry.Location.Block);
        return new TailTable(segment, table);
    }
}
