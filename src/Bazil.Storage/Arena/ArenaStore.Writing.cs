using System.Buffers;
using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Bazil.Storage.Buffers;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <content>Putting.</content>
public sealed partial class ArenaStore
{
    /// <summary>Guards the head of the open segment, <see cref="_open"/>, <see cref="_unsynced"/>, <see cref="_nextNumber"/> and changes of <see cref="_tables"/>.</summary>
    private readonly Lock _append = new();
    private volatile TailTable[] _tables; // newest first
    private TailTable? _open;
    private uint _nextNumber;
    private bool _isClosing; // nothing is appended any more; guarded by _append

    private void Put(in ObjectId id, ReadOnlySpan<byte> content)
    {
        if (_options.Trust == ArenaTrust.Own && Find(id).IsLive) return;
        uint checksum = Checksum.OfPayload(content);
        lock (StripeOf(id))
        {
            Sighting seen = Find(id);
            if (seen.IsLive && (_options.Trust == ArenaTrust.Own || Holds(seen, checksum, content))) return;
            CheckUsable();
            Append(new RecordHeader(RecordKind.Live, content.Length, checksum, id, 0), content, keepsFloor: true);
            if (seen.IsRecord) Supersede(seen);
        }
    }

    /// <summary>Whether the record has these bytes. What cannot be read is replaced by what is at hand.</summary>
    private static bool Holds(in Sighting seen, uint checksum, ReadOnlySpan<byte> content)
    {
        if (seen.Header.Length != content.Length || seen.Header.PayloadChecksum != checksum) return false;
        try
        {
            using IMemoryOwner<byte> existing = BufferPool.Shared.Rent(content.Length);
            return seen.Segment!.TryReadPayload(seen.Block, seen.Header, existing.Memory.Span) && existing.Memory.Span.SequenceEqual(content);
        }
        catch (Exception exception) when (exception is UnixException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Writes a record and shows it to lookups. The caller holds the stripe of the id.</summary>
    private void Append(in RecordHeader header, ReadOnlySpan<byte> content, bool keepsFloor)
    {
        lock (_append)
        {
            ObjectDisposedException.ThrowIf(_isClosing, this);
            long size = header.RecordSizeBytes;
            if (keepsFloor) _space.Take(size);
            TailTable tail = _open is { } open && HasRoom(open.Segment, size) ? open : Roll();
            if (!_unsynced.Contains(tail.Segment)) _unsynced.Add(tail.Segment); // also should this fail: the next sync then asks the disk whether it is still there
            tail.Segment.Reserve(size, _options.SegmentSizeBytesMax);
            uint block = tail.Segment.Append(header, content);
            tail.Table.Add(header.Id, block);
        }

        NoteChange();
    }

    /// <summary>An empty segment takes a record of any size.</summary>
    private bool HasRoom(Segment segment, long sizeBytes) =>
        segment.Head + sizeBytes <= _options.SegmentSizeBytesMax || segment.Head == SegmentHeader.SizeBytes;

    private SegmentTable NewTable() => new(IndexSeed.Create(_options.Entropy));

    /// <summary>Begins a new segment; the former one is frozen until its index is written.</summary>
    private TailTable Roll()
    {
        Span<byte> stamp = stackalloc byte[sizeof(ulong)];
        _options.Entropy.Fill(stamp);
        var segment = new Segment(_directory, _storeId, _nextNumber);
        segment.Create(BinaryPrimitives.ReadUInt64LittleEndian(stamp));
        _nextNumber++;
        var tail = new TailTable(segment, NewTable());
        _tables = [tail, .. _tables]; // before the next line: a segment without table is taken for one with an index
        _segments[segment.Number] = segment;
        _nameChanges++;
        _open = tail;
        WakeBackground();
        return tail;
    }
}
