using System.Buffers;
using System.Buffers.Binary;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// An index of sealed segments, open for reading (format: <c>docs/storage.md</c>, "Index of sealed segments"). Header, directory
/// and segments are read and verified when it is opened. The filter of a part comes into memory, verified, with the first
/// lookup that needs it, and stays: 2.4 bytes a key. So a miss is answered from memory, and a hit reads one block of
/// locations from the file, verified each time. Nothing is mapped: a disk that fails or vanishes is an exception, not SIGBUS.
/// Lookups may run concurrently, and with <see cref="Dispose"/>: they may then end with <see cref="ObjectDisposedException"/>.
/// </summary>
internal sealed class IndexFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly IndexHeader _header;
    private readonly PartEntry[] _parts; // one more than there are parts
    private readonly byte[] _filters;
    private readonly bool[] _isFilterRead;
    private readonly SealedSegment[] _segments;
    private readonly bool[] _isDropped;
    private int _holders = 1;

    private IndexFile(string path, ulong generation, SafeFileHandle file, IndexHeader header)
    {
        Path = path;
        Generation = generation;
        _file = file;
        _header = header;
        byte[] directory = new byte[header.DirectorySizeBytes];
        ReadExactly(directory, header.DirectoryOffset);
        if (Checksum.Compute(directory) != header.DirectoryChecksum) throw new DamagedIndexException(path, "the checksum of its directory does not match");
        _parts = ReadParts(directory);
        _segments = ReadSegments(directory.AsSpan(header.PartCount * PartEntry.SizeBytes));
        _isDropped = new bool[_segments.Length];
        _filters = GC.AllocateUninitializedArray<byte>((int)header.FiltersSizeBytes);
        _isFilterRead = new bool[header.PartCount];
    }

    public string Path { get; }

    /// <summary>Files are numbered as they are made: of two that cover a segment, the larger number counts.</summary>
    public ulong Generation { get; }

    public IndexSeed Seed => _header.Seed;

    /// <summary>Distinct ids.</summary>
    public long KeyCount => _header.KeyCount;

    /// <summary>Records, further copies of an id included.</summary>
    public long RecordCount => (long)_header.KeyCount + _header.CopyCount;

    /// <summary>What it was made for, in ascending order, dropped ones included.</summary>
    public IReadOnlyList<SealedSegment> Segments => _segments;

    /// <summary>Those not dropped.</summary>
    public IEnumerable<SealedSegment> LiveSegments => _segments.Where((_, ordinal) => !_isDropped[ordinal]);

    /// <exception cref="DamagedIndexException">Cut short, or not what was written. Remove it and index its segments again.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IndexFile Open(string path, ulong generation)
    {
        SafeFileHandle file = UnixFile.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow);
        try
        {
            long sizeBytes = RandomAccess.GetLength(file);
            Span<byte> bytes = stackalloc byte[IndexHeader.SizeBytes];
            if (RandomAccess.Read(file, bytes, 0) != bytes.Length) throw new DamagedIndexException(path, $"its {sizeBytes} bytes are less than a header");
            return new IndexFile(path, generation, file, IndexHeader.Read(bytes, sizeBytes, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Where an object may lie, the newest place first; of another object's id one in 65,536 gives a place too.</summary>
    /// <param name="hash">Under <see cref="Seed"/>.</param>
    /// <param name="copy">0 for the first place, 1 for the next and so on.</param>
    /// <param name="location">In a segment that was not dropped.</param>
    /// <returns>False when there is none, or none any more.</returns>
    /// <exception cref="DamagedIndexException">The part of the file that knows is damaged. It is never answered as a miss.</exception>
    public bool TryFind(in IndexHash hash, int copy, out SegmentLocation location)
    {
        location = default;
        int part = hash.PartOf(_header.PartCount);
        int keyCount = (int)(_parts[part + 1].FirstKey - _parts[part].FirstKey);
        if (keyCount == 0) return false;
        var shape = new PartShape(keyCount);
        ReadOnlySpan<byte> filter = Filter(part, shape);
        int rank = shape.RankOf(filter, hash.Slot);
        return shape.FingerprintAt(filter, rank) == hash.Fingerprint && TryLocate(part, keyCount, rank, copy, out location);
    }

    /// <summary>Everything in it but for dropped segments, in no order that means anything; copies follow the place of their part.</summary>
    public IEnumerable<IndexEntry> Entries() =>
        Records().Select(record => new IndexEntry(record.Id, new SegmentLocation(_segments[record.Ordinal].Number, record.Block)));

    /// <summary>The same, in ascending order of <see cref="IndexRecord.Place"/>.</summary>
    public IEnumerable<IndexRecord> Records()
    {
        var records = new List<IndexRecord>();
        for (int part = 0; part < _header.PartCount; part++)
        {
            records.Clear();
            ReadRecords(part, records);
            records.Sort(static (left, right) => left.Place.CompareTo(right.Place));
            foreach (IndexRecord record in records) yield return record;
        }
    }

    /// <summary>Reads all of it and compares every checksum.</summary>
    public void Verify(CancellationToken cancel)
    {
        for (int part = 0; part < _header.PartCount; part++)
        {
            cancel.ThrowIfCancellationRequested();
            var shape = new PartShape((int)(_parts[part + 1].FirstKey - _parts[part].FirstKey));
            ReadVerified(new byte[shape.FilterSizeBytes], _header.FiltersOffset + _parts[part].FilterOffset, _parts[part].FilterChecksum, part, "filter");
            ReadRecords(part, []);
        }
    }

    /// <summary>From now on nothing is found in this segment.</summary>
    public void Drop(uint segment)
    {
        int ordinal = Array.FindIndex(_segments, covered => covered.Number == segment);
        if (ordinal >= 0) Volatile.Write(ref _isDropped[ordinal], true);
    }

    /// <summary>Keeps it open until another <see cref="Dispose"/>, although it may be removed from its directory meanwhile.</summary>
    /// <returns>False when it was closed already.</returns>
    public bool TryHold()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders) return true;
            holders = seen;
        }

        return false;
    }

    /// <summary>Gives up one hold, and closes it with the last.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0) _file.Dispose();
    }

    private PartEntry[] ReadParts(ReadOnlySpan<byte> directory)
    {
        var parts = new PartEntry[_header.PartCount + 1];
        for (int i = 0; i < _header.PartCount; i++) parts[i] = PartEntry.Read(directory[(i * PartEntry.SizeBytes)..]);
        parts[^1] = new PartEntry(_header.KeyCount, _header.CopyCount, _header.FiltersSizeBytes, 0, 0, 0);
        for (int i = 0; i < _header.PartCount; i++)
        {
            long keyCount = (long)parts[i + 1].FirstKey - parts[i].FirstKey;
            bool isSane = keyCount is >= 0 and <= IndexLimits.KeysPerPartMax
                && parts[i].FirstCopy <= parts[i + 1].FirstCopy
                && parts[i].FilterOffset + (long)new PartShape((int)keyCount).FilterSizeBytes == parts[i + 1].FilterOffset;
            if (!isSane) throw new DamagedIndexException(Path, $"part {i} of its directory does not fit the next");
        }

        return parts;
    }

    private SealedSegment[] ReadSegments(ReadOnlySpan<byte> bytes)
    {
        var segments = new SealedSegment[_header.SegmentCount];
        for (int i = 0; i < segments.Length; i++)
        {
            ReadOnlySpan<byte> segment = bytes[(i * IndexHeader.SegmentSizeBytes)..];
            segments[i] = new SealedSegment(BinaryPrimitives.ReadUInt32LittleEndian(segment), BinaryPrimitives.ReadUInt64LittleEndian(segment[4..]));
        }

        return segments;
    }

    private ReadOnlySpan<byte> Filter(int part, PartShape shape)
    {
        Span<byte> filter = _filters.AsSpan((int)_parts[part].FilterOffset, shape.FilterSizeBytes);
        if (Volatile.Read(ref _isFilterRead[part])) return filter;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(shape.FilterSizeBytes);
        try
        {
            // Verified before it is copied: readers that race here write the same bytes over each other.
            Span<byte> bytes = buffer.AsSpan(0, shape.FilterSizeBytes);
            ReadVerified(bytes, _header.FiltersOffset + _parts[part].FilterOffset, _parts[part].FilterChecksum, part, "filter");
            bytes.CopyTo(filter);
            Volatile.Write(ref _isFilterRead[part], true);
            return filter;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool TryLocate(int part, int keyCount, int rank, int copy, out SegmentLocation location)
    {
        int sizeBytes = LocationsSizeBytes(part, keyCount);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(sizeBytes);
        try
        {
            Span<byte> locations = buffer.AsSpan(0, sizeBytes);
            ReadVerified(locations, LocationsOffset(part), _parts[part].LocationsChecksum, part, "locations");
            if (IsLive(locations[(rank * IndexHeader.LocationSizeBytes)..], part, out location) && copy-- == 0) return true;
            for (int offset = keyCount * IndexHeader.LocationSizeBytes; offset < sizeBytes; offset += IndexHeader.CopySizeBytes)
            {
                if (BinaryPrimitives.ReadUInt16LittleEndian(locations[offset..]) != rank) continue;
                if (IsLive(locations[(offset + sizeof(ushort))..], part, out location) && copy-- == 0) return true;
            }

            location = default;
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool IsLive(ReadOnlySpan<byte> bytes, int part, out SegmentLocation location)
    {
        int ordinal = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        if (ordinal >= _segments.Length) throw new DamagedIndexException(Path, $"part {part} names segment {ordinal} of {_segments.Length}");
        location = new SegmentLocation(_segments[ordinal].Number, BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(ushort)..]));
        return !Volatile.Read(ref _isDropped[ordinal]);
    }

    private void ReadRecords(int part, List<IndexRecord> records)
    {
        int keyCount = (int)(_parts[part + 1].FirstKey - _parts[part].FirstKey);
        byte[] ids = new byte[keyCount * Core.ObjectId.Size];
        ReadVerified(ids, IndexHeader.IdsOffset + ((long)_parts[part].FirstKey * Core.ObjectId.Size), _parts[part].IdsChecksum, part, "ids");
        byte[] locations = new byte[LocationsSizeBytes(part, keyCount)];
        ReadVerified(locations, LocationsOffset(part), _parts[part].LocationsChecksum, part, "locations");
        for (int rank = 0; rank < keyCount; rank++) AddRecord(rank, locations.AsSpan(rank * IndexHeader.LocationSizeBytes));
        for (int offset = keyCount * IndexHeader.LocationSizeBytes; offset < locations.Length; offset += IndexHeader.CopySizeBytes)
        {
            int rank = BinaryPrimitives.ReadUInt16LittleEndian(locations.AsSpan(offset));
            if (rank >= keyCount) throw new DamagedIndexException(Path, $"part {part} has a copy of rank {rank} of {keyCount}");
            AddRecord(rank, locations.AsSpan(offset + sizeof(ushort)));
        }

        void AddRecord(int rank, ReadOnlySpan<byte> bytes)
        {
            if (!IsLive(bytes, part, out SegmentLocation location)) return;
            var id = new Core.ObjectId(ids.AsSpan(rank * Core.ObjectId.Size, Core.ObjectId.Size));
            records.Add(new IndexRecord(Seed.Hash(id).Place, id, BinaryPrimitives.ReadUInt16LittleEndian(bytes), location.Block));
        }
    }

    private int LocationsSizeBytes(int part, int keyCount) =>
        (keyCount * IndexHeader.LocationSizeBytes) + ((int)(_parts[part + 1].FirstCopy - _parts[part].FirstCopy) * IndexHeader.CopySizeBytes);

    private long LocationsOffset(int part) =>
        _header.LocationsOffset + ((long)_parts[part].FirstKey * IndexHeader.LocationSizeBytes) + ((long)_parts[part].FirstCopy * IndexHeader.CopySizeBytes);

    private void ReadVerified(Span<byte> buffer, long offset, uint checksum, int part, string what)
    {
        ReadExactly(buffer, offset);
        if (Checksum.Compute(buffer) != checksum) throw new DamagedIndexException(Path, $"the checksum of part {part} of its {what} does not match");
    }

    private void ReadExactly(Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            int count = RandomAccess.Read(_file, buffer, offset);
            if (count == 0) throw new DamagedIndexException(Path, $"it was cut short at {offset}");
            buffer = buffer[count..];
            offset += count;
        }
    }
}
