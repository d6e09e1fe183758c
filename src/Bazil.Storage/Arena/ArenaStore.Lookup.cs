using Bazil.Core;
using Bazil.Storage.Arena.Index;

namespace Bazil.Storage.Arena;

/// <content>Finding an object, without locks.</content>
public sealed partial class ArenaStore
{
    /// <summary>A header that is just being overwritten may be seen half new; it is right at the next look.</summary>
    private const int LookCount = 3;

    /// <summary>
    /// The newest record of an object. A record that moves while it is looked for (a copy to another segment, or a replacement)
    /// is shown in its new place before it goes from the old, and <see cref="_epoch"/> is raised in between: a search that found
    /// nothing and sees the epoch changed begins again.
    /// </summary>
    private Sighting Find(in ObjectId id)
    {
        while (true)
        {
            long epoch = Volatile.Read(ref _epoch);
            Sighting seen = Search(id);
            if (seen.IsLive || epoch == Volatile.Read(ref _epoch)) return seen;
        }
    }

    /// <summary>For callers that hold no lock: an index file found damaged is built again.</summary>
    private Sighting FindWithRepair(in ObjectId id)
    {
        while (true)
        {
            try
            {
                return Find(id);
            }
            catch (DamagedIndexException damage)
            {
                Repair(damage);
            }
            catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
            {
                throw StoreFailure.Of(Name, $"cannot look for object {id}", exception);
            }
        }
    }

    private Sighting Search(in ObjectId id)
    {
        var best = default(Sighting);
        var damaged = default(Sighting);
        foreach (TailTable tail in _tables)
        {
            uint block = uint.MaxValue;
            while ((block = tail.Table.FindBelow(id, block)) != 0)
            {
                if (Look(id, tail.Segment, block, ref damaged) is { } header && Suffices(ref best, new Sighting(SightingState.Live, tail.Segment, block, header, "", null))) return best;
            }
        }

        foreach (SegmentLocation location in _index.Find(id))
        {
            if (!_segments.TryGetValue(location.Segment, out Segment? segment))
            {
                if (_missing.ContainsKey(location.Segment)) Note(ref damaged, new Sighting(SightingState.Damaged, null, 0, default, $"segment {location.Segment}, where it lay, is missing", null));
                continue;
            }

            if (Look(id, segment, location.Block, ref damaged) is { } header && Suffices(ref best, new Sighting(SightingState.Live, segment, location.Block, header, "", null))) return best;
        }

        return best.IsLive ? best : damaged;
    }

    /// <summary>
    /// Keeps the newer of two records. Among objects of our own any copy is as good as the other. Where others put, the newest
    /// counts, and it need not come first: a table may stand in for the lost index of an old segment.
    /// </summary>
    private bool Suffices(ref Sighting best, in Sighting found)
    {
        if (!best.IsLive || (found.Segment!.Number, found.Block).CompareTo((best.Segment!.Number, best.Block)) > 0) best = found;
        return _options.Trust == ArenaTrust.Own;
    }

    /// <summary>Returns the header when the object is there and its record in force.</summary>
    private static RecordHeader? Look(in ObjectId id, Segment segment, uint block, ref Sighting damaged)
    {
        try
        {
            for (int i = 0; i < LookCount; i++)
            {
                if (!segment.TryReadHeader(block, out RecordHeader header)) continue;
                if (header.Id != id) return null;
                if (header.Kind == RecordKind.Live) return header;
                if (header.Kind == RecordKind.Damaged) Note(ref damaged, new Sighting(SightingState.Damaged, segment, block, header, "it was found damaged and set aside", null));
                return null;
            }

            Note(ref damaged, new Sighting(SightingState.Damaged, segment, block, default, $"the header of its record in {segment.Path} is damaged", null));
        }
        catch (ObjectDisposedException) when (segment.IsRetired)
        {
            // It was compacted away meanwhile; the epoch tells.
        }
        catch (IOException exception)
        {
            // Another copy may help; if none does, this is the answer.
            Note(ref damaged, new Sighting(SightingState.Damaged, segment, block, default, exception.Message, exception));
        }

        return null;
    }

    /// <summary>Of several complaints the one that knows most: that a record is there beats that one cannot be read.</summary>
    private static void Note(ref Sighting damaged, in Sighting sighting)
    {
        if (damaged.State == SightingState.None || (sighting.IsRecord && !damaged.IsRecord)) damaged = sighting;
    }
}
