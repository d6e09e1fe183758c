using System.Buffers.Binary;
using Bazil.Unix;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// Writes one index file from records in ascending order, part by part. Ids go straight into the file, locations and filters
/// beside it until their place is known: memory does not grow with the number of keys, but for 24 bytes for each part.
/// </summary>
internal sealed class IndexWriter : IDisposable
{
    private const int BufferSizeBytes = 1 << 16;

    private readonly string _path;
    private readonly int _partCount;
    private readonly FileStream _file;
    private readonly FileStream _locations;
    private readonly FileStream _filters;
    private readonly MemoryStream _directory = new();
    private readonly PilotSearch _search = new();
    private readonly PartContent _part = new();
    private uint _keyCount;
    private uint _copyCount;

    public IndexWriter(string path, string directory, long recordCount)
    {
        _path = path;
        _partCount = (int)((recordCount / IndexLimits.KeysPerPart) + 1);
        File.Delete(path);
        _file = new FileStream(
            UnixFile.Open(path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, IndexFolder.FileMode),
            FileAccess.Write,
            BufferSizeBytes);
        try
        {
            _locations = SpillFile.Create(directory, "locations");
            _filters = SpillFile.Create(directory, "filters");
        }
        catch
        {
            _locations?.Dispose();
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Writes and syncs the whole file.</summary>
    /// <returns>False when this seed does not suit these keys; the file is of no use then.</returns>
    public bool TryWrite(IEnumerable<IndexRecord> records, IReadOnlyList<SealedSegment> segments, IndexSeed seed, CancellationToken cancel)
    {
        _file.Write(new byte[IndexHeader.SizeBytes]);
        int part = 0;
        foreach (IndexRecord record in records)
        {
            int partOfRecord = new IndexHash(record.Place, 0).PartOf(_partCount);
            for (; part < partOfRecord; part++)
            {
                cancel.ThrowIfCancellationRequested();
                if (!TryWritePart(seed)) return false;
            }

            if (!_part.TryAdd(record)) return false;
        }

        for (; part < _partCount; part++)
        {
            if (!TryWritePart(seed)) return false;
        }

        Append(_locations);
        uint filtersSizeBytes = (uint)Append(_filters);
        WriteSegments(segments);
        ReadOnlySpan<byte> directory = _directory.GetBuffer().AsSpan(0, (int)_directory.Length);
        _file.Write(directory);
        Span<byte> header = stackalloc byte[IndexHeader.SizeBytes];
        new IndexHeader(segments.Count, _keyCount, _copyCount, _partCount, filtersSizeBytes, seed, Checksum.Compute(directory)).Write(header);
        _file.Flush();
        RandomAccess.Write(_file.SafeFileHandle, header, 0);
        UnixFile.Sync(_file.SafeFileHandle, _path);
        return true;
    }

    public void Dispose()
    {
        _file.Dispose();
        _locations.Dispose();
        _filters.Dispose();
    }

    private bool TryWritePart(IndexSeed seed)
    {
        if (!_part.TryArrange(seed, _search)) return false;
        Span<byte> entry = stackalloc byte[PartEntry.SizeBytes];
        new PartEntry(
            _keyCount,
            _copyCount,
            (uint)_filters.Position,
            Checksum.Compute(_part.Filter),
            Checksum.Compute(_part.Locations),
            Checksum.Compute(_part.Ids)).Write(entry);
        _directory.Write(entry);
        _file.Write(_part.Ids);
        _locations.Write(_part.Locations);
        _filters.Write(_part.Filter);
        _keyCount += (uint)_part.KeyCount;
        _copyCount += (uint)_part.CopyCount;
        _part.Clear();
        return true;
    }

    private long Append(FileStream section)
    {
        section.Position = 0;
        section.CopyTo(_file);
        return section.Length;
    }

    private void WriteSegments(IReadOnlyList<SealedSegment> segments)
    {
        Span<byte> bytes = stackalloc byte[IndexHeader.SegmentSizeBytes];
        foreach (SealedSegment segment in segments)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, segment.Number);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[4..], segment.Stamp);
            _directory.Write(bytes);
        }
    }
}
