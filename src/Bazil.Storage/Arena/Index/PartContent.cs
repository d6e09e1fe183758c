using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// Collects the records of one part and arranges them: the newest record of each id gets the rank that the hash function
/// gives it, older ones become copies. Not for concurrent use; cleared, it serves the next part.
/// </summary>
internal sealed class PartContent
{
    private const int RecordsMax = IndexLimits.KeysPerPartMax * 4;

    private readonly List<IndexRecord> _records = [];
    private readonly ulong[] _slotHashes = new ulong[IndexLimits.KeysPerPartMax];
    private readonly int[] _firstRecords = new int[IndexLimits.KeysPerPartMax + 1];
    private readonly byte[] _filter = new byte[new PartShape(IndexLimits.KeysPerPartMax).FilterSizeBytes];
    private readonly byte[] _ids = new byte[IndexLimits.KeysPerPartMax * ObjectId.Size];
    private readonly byte[] _locations = new byte[(IndexLimits.KeysPerPartMax * IndexHeader.LocationSizeBytes) + (RecordsMax * IndexHeader.CopySizeBytes)];

    public int KeyCount { get; private set; }

    public int CopyCount { get; private set; }

    public ReadOnlySpan<byte> Filter => _filter.AsSpan(0, new PartShape(KeyCount).FilterSizeBytes);

    public ReadOnlySpan<byte> Ids => _ids.AsSpan(0, KeyCount * ObjectId.Size);

    /// <summary>A location for each rank, then the copies by rank, newest first.</summary>
    public ReadOnlySpan<byte> Locations => _locations.AsSpan(0, (KeyCount * IndexHeader.LocationSizeBytes) + (CopyCount * IndexHeader.CopySizeBytes));

    /// <returns>False when the part is full.</returns>
    public bool TryAdd(in IndexRecord record)
    {
        if (_records.Count == RecordsMax && !TryDropCopies()) return false;
        _records.Add(record);
        return true;
    }

    public void Clear()
    {
        _records.Clear();
        KeyCount = 0;
        CopyCount = 0;
    }

    /// <returns>False when the seed does not suit these keys.</returns>
    public bool TryArrange(IndexSeed seed, PilotSearch search)
    {
        DropCopies();
        if (!TryFindKeys()) return false;
        for (int key = 0; key < KeyCount; key++) _slotHashes[key] = seed.Hash(_records[_firstRecords[key]].Id).Slot;
        if (!search.TryFind(_slotHashes.AsSpan(0, KeyCount), _filter)) return false;
        var shape = new PartShape(KeyCount);
        var copies = new List<(int Rank, int Record)>();
        for (int key = 0; key < KeyCount; key++)
        {
            int rank = shape.RankOf(_filter, _slotHashes[key]);
            IndexRecord record = _records[_firstRecords[key]];
            BinaryPrimitives.WriteUInt16LittleEndian(_filter.AsSpan(shape.FingerprintOffset + (rank * sizeof(ushort))), new IndexHash(record.Place, 0).Fingerprint);
            record.Id.Span.CopyTo(_ids.AsSpan(rank * ObjectId.Size));
            WriteLocation(_locations.AsSpan(rank * IndexHeader.LocationSizeBytes), record);
            for (int copy = _firstRecords[key] + 1; copy < _firstRecords[key + 1]; copy++) copies.Add((rank, copy));
        }

        WriteCopies(copies);
        return true;
    }

    private void WriteCopies(List<(int Rank, int Record)> copies)
    {
        copies.Sort();
        CopyCount = copies.Count;
        Span<byte> bytes = _locations.AsSpan(KeyCount * IndexHeader.LocationSizeBytes);
        foreach ((int rank, int record) in copies)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)rank);
            WriteLocation(bytes[sizeof(ushort)..], _records[record]);
            bytes = bytes[IndexHeader.CopySizeBytes..];
        }
    }

    private static void WriteLocation(Span<byte> bytes, in IndexRecord record)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, record.Ordinal);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[sizeof(ushort)..], record.Block);
    }

    private bool TryFindKeys()
    {
        KeyCount = 0;
        for (int i = 0; i < _records.Count; i++)
        {
            if (i > 0 && _records[i].Id == _records[i - 1].Id) continue;
            if (KeyCount == IndexLimits.KeysPerPartMax) return false;
            _firstRecords[KeyCount++] = i;
        }

        _firstRecords[KeyCount] = _records.Count;
        return true;
    }

    private bool TryDropCopies()
    {
        DropCopies();
        return _records.Count < RecordsMax;
    }

    /// <summary>Brings the records of one id together, newest first, and keeps no more of them than the limit.</summary>
    private void DropCopies()
    {
        _records.Sort(static (left, right) =>
        {
            int order = left.Place.CompareTo(right.Place);
            if (order == 0) order = left.Id.CompareTo(right.Id);
            if (order == 0) order = right.Ordinal.CompareTo(left.Ordinal);
            return order != 0 ? order : right.Block.CompareTo(left.Block);
        });
        int kept = 0;
        int copies = 0;
        for (int i = 0; i < _records.Count; i++)
        {
            if (kept > 0 && _records[i] == _records[kept - 1]) continue;
            copies = kept > 0 && _records[i].Id == _records[kept - 1].Id ? copies + 1 : 0;
            if (copies <= IndexLimits.CopiesPerKeyMax) _records[kept++] = _records[i];
        }

        _records.RemoveRange(kept, _records.Count - kept);
    }
}
