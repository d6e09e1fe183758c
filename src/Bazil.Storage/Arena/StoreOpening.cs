using System.Buffers.Binary;
using System.Collections.Concurrent;
using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <summary>
/// Finds out what is there: the catalog says which segments there should be, the index which of them need no look inside. The
/// others, usually just the one that was open last, are recovered.
/// </summary>
internal sealed class StoreOpening(string storeName, ISegmentDirectory directory, ArenaOptions options)
{
    private readonly List<StoreProblem> _problems = [];
    private readonly ConcurrentDictionary<uint, Segment> _segments = new();
    private readonly Dictionary<uint, CatalogEntry> _missing = [];
    private readonly List<Segment> _empty = [];
    private UInt128 _storeId;
    private uint _nextNumber = 1;

    /// <exception cref="StoreException">It is no arena store, or it or a segment of it is newer.</exception>
    /// <exception cref="IOException">It cannot be read or repaired.</exception>
    public OpenedSegments Run()
    {
        _storeId = StoreFormat.ReadOrCreate(storeName, directory, options);
        Dictionary<uint, CatalogEntry> catalog = ReadCatalog();
        AddSegments(catalog);
        SealedSegment[] known =
        [
            .. _segments.Values.Where(segment => segment.Stamp != 0).Select(segment => segment.Identity),
            .. _missing.Values.Select(entry => new SealedSegment(entry.Number, entry.Stamp)),
        ];
        IndexSet index = IndexSet.Open(directory.IndexPath, known, options.Entropy);
        try
        {
            foreach (DamagedIndexException damage in index.Damaged) Note(StoreProblemKind.RebuiltIndex, $"{damage.Message}; it is built again");
            return new OpenedSegments(_storeId, index, _segments, _missing, Recover(index), _empty, _nextNumber, _problems);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    private Dictionary<uint, CatalogEntry> ReadCatalog()
    {
        byte[]? bytes = directory.ReadFile(SegmentCatalog.FileName);
        if (bytes is null) return [];
        CheckIdentity(bytes);
        if (SegmentCatalog.TryRead(bytes, _storeId, out uint nextNumber) is { } entries)
        {
            _nextNumber = Math.Max(_nextNumber, nextNumber);
            return entries.ToDictionary(entry => entry.Number);
        }

        Note(StoreProblemKind.RebuiltIndex, $"the catalog in {directory.Path} is damaged; it is built again from the segments");
        return [];
    }

    /// <summary>Without this a damaged id in the file <c>format</c> would make every segment another store's, and this one empty.</summary>
    private void CheckIdentity(byte[] catalog)
    {
        if (!SegmentCatalog.TryReadIdentity(catalog, out int version, out UInt128 id)) return;
        string place = Path.Combine(directory.Path, SegmentCatalog.FileName);
        if (version != SegmentCatalog.Version) throw new StoreException($"store {storeName}: {place} has version {version}, and this Bazil knows only {SegmentCatalog.Version}: upgrade it");
        if (id != _storeId) throw new StoreException($"store {storeName}: {place} is of store {id:x32}, and the file {StoreFormat.FileName} beside it names {_storeId:x32}: one of them is damaged or from elsewhere; put back the right one");
    }

    private void AddSegments(Dictionary<uint, CatalogEntry> catalog)
    {
        var files = new HashSet<uint>();
        uint firstUnknown = _nextNumber;
        foreach (string name in directory.List(UnixSegmentDirectory.Segments))
        {
            if (Segment.TryParseName(name, out uint number)) files.Add(number);
        }

        foreach (uint number in files.Order())
        {
            _nextNumber = Math.Max(_nextNumber, number + 1);
            if (!catalog.TryGetValue(number, out CatalogEntry entry)) AddUnknown(number, number >= firstUnknown, isBeingCompacted: false);
            else if (entry.IsRetired) directory.Remove(Segment.NameOf(number));
            else if (entry.IsClosed) AddKnown(entry);
            else AddUnknown(number, mayBeOurs: true, entry.IsBeingCompacted);
        }

        foreach (CatalogEntry entry in catalog.Values.Where(entry => !entry.IsRetired && !files.Contains(entry.Number)))
        {
            _missing.Add(entry.Number, entry);
            Note(StoreProblemKind.MissingSegment, $"{Segment.NameOf(entry.Number)} in {directory.Path} is missing: up to {entry.ObjectCount} objects with it");
        }
    }

    private void AddKnown(in CatalogEntry entry)
    {
        var segment = new Segment(directory, _storeId, entry.Number)
        {
            Stamp = entry.Stamp,
            Head = entry.LengthBytes,
            SyncedBytes = entry.LengthBytes,
            IsBeingCompacted = entry.IsBeingCompacted,
        };
        segment.SetCounters(entry.ObjectCount, entry.LiveBytes, entry.DeadBytes, entry.DamagedCount);
        _segments[entry.Number] = segment;
    }

    /// <param name="mayBeOurs">Without a valid header it may be a segment that a crash or damage left like this.</param>
    private void AddUnknown(uint number, bool mayBeOurs, bool isBeingCompacted)
    {
        var segment = new Segment(directory, _storeId, number) { IsBeingCompacted = isBeingCompacted };
        try
        {
            SegmentHeader? header = segment.ReadSegmentHeader();
            if (header is { } found) segment.Stamp = found.Stamp;
            else if (!mayBeOurs) throw new ForeignSegmentException($"{segment.Path} is no segment of this store");
            segment.Head = 0; // its length is not known yet
            _segments[number] = segment;
        }
        catch (ForeignSegmentException exception)
        {
            Note(StoreProblemKind.ForeignSegment, exception.Message);
            segment.Dispose();
        }
    }

    private TailTable[] Recover(IndexSet index)
    {
        HashSet<uint> uncovered = [.. index.Missing.Select(segment => segment.Number)];
        var tables = new List<TailTable>();
        bool hasNewNames = false;
        foreach (Segment segment in _segments.Values.OrderByDescending(segment => segment.Number))
        {
            if (segment.Stamp != 0 && !uncovered.Contains(segment.Number))
            {
                if (segment.Head == 0) TakeAsComplete(segment);
                continue;
            }

            try
            {
                var recovery = new SegmentRecovery(storeName, directory, segment, new SegmentTable(IndexSeed.Create(options.Entropy)));
                TailTable table = recovery.Run();
                _problems.AddRange(recovery.Problems);
                if (segment.Stamp == 0 && !Restamp(segment, recovery.WasSynced)) continue;
                tables.Add(table);
                hasNewNames = true;
            }
            catch (ForeignSegmentException exception)
            {
                Note(StoreProblemKind.ForeignSegment, exception.Message);
                _segments.TryRemove(segment.Number, out _);
                segment.Dispose();
            }
        }

        if (hasNewNames) directory.SyncSegmentNames();
        return [.. tables];
    }

    /// <summary>The index covers it, so it is complete, but the catalog did not say so yet.</summary>
    private static void TakeAsComplete(Segment segment)
    {
        segment.Head = segment.File.Length;
        segment.SyncedBytes = segment.Head;
        segment.Recount();
    }

    /// <summary>A segment without a valid header: made just before a crash, and then there is nothing in it and it is retired, as the catalog may name it already; or damaged, then it gets a new one.</summary>
    private bool Restamp(Segment segment, bool wasSynced)
    {
        if (segment.Head == SegmentHeader.SizeBytes)
        {
            _empty.Add(segment);
            return false;
        }

        Span<byte> stamp = stackalloc byte[sizeof(ulong)];
        options.Entropy.Fill(stamp);
        segment.Stamp = BinaryPrimitives.ReadUInt64LittleEndian(stamp) | 1;
        segment.WriteSegmentHeader();
        segment.File.Sync();
        Note(wasSynced ? StoreProblemKind.DamagedSegmentHeader : StoreProblemKind.TornTail, $"the header of {segment.Path} was not whole; it was written anew, the records are as they were");
        return true;
    }

    private void Note(StoreProblemKind kind, string message) => _problems.Add(new StoreProblem(kind, $"store {storeName}: {message}"));
}
