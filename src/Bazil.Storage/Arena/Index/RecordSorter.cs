using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>Sorts any number of records in bounded memory: full buffers become sorted runs on disk. Not for concurrent use.</summary>
internal sealed class RecordSorter(string directory) : IDisposable
{
    private const int RecordSizeBytes = sizeof(ulong) + ObjectId.Size + sizeof(ushort) + sizeof(uint);

    private readonly List<FileStream> _spills = [];
    private ulong[] _places = [];
    private IndexRecord[] _records = [];
    private int _count;

    public void Add(in IndexRecord record)
    {
        if (_count == IndexLimits.EntriesInMemoryMax) Spill();
        if (_count == _records.Length)
        {
            int length = Math.Clamp(_count * 2, 1024, IndexLimits.EntriesInMemoryMax);
            Array.Resize(ref _places, length);
            Array.Resize(ref _records, length);
        }

        _places[_count] = record.Place;
        _records[_count++] = record;
    }

    /// <summary>The runs, each in ascending order. Valid until this is disposed, to be read once.</summary>
    public IReadOnlyList<IEnumerable<IndexRecord>> Finish()
    {
        Array.Sort(_places, _records, 0, _count);
        return [.. _spills.Select(ReadSpill), new ArraySegment<IndexRecord>(_records, 0, _count)];
    }

    public void Dispose()
    {
        foreach (FileStream spill in _spills) spill.Dispose();
    }

    private void Spill()
    {
        Array.Sort(_places, _records, 0, _count);
        FileStream spill = SpillFile.Create(directory, "sort");
        _spills.Add(spill);
        Span<byte> bytes = stackalloc byte[RecordSizeBytes];
        foreach (ref readonly IndexRecord record in _records.AsSpan(0, _count))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, record.Place);
            record.Id.Span.CopyTo(bytes[8..]);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[40..], record.Ordinal);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[42..], record.Block);
            spill.Write(bytes);
        }

        spill.Flush();
        _count = 0;
    }

    private static IEnumerable<IndexRecord> ReadSpill(FileStream spill)
    {
        spill.Position = 0;
        byte[] bytes = new byte[RecordSizeBytes];
        while (spill.ReadAtLeast(bytes, RecordSizeBytes, throwOnEndOfStream: false) == RecordSizeBytes)
        {
            yield return new IndexRecord(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes),
                new ObjectId(bytes.AsSpan(8, ObjectId.Size)),
                BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(40)),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(42)));
        }
    }
}
