using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Trash;

/// <summary>The rows of the trash and their totals, written in the batches of the changes that they tell of. Guarded by the volume's gate.</summary>
internal sealed class TrashRows
{
    private readonly VolumeTables _tables;
    private ulong _lastId;
    private bool _isDirty;

    public TrashRows(VolumeTables tables)
    {
        _tables = tables;
        if (tables.ReadState(TotalsName) is not { } row) return;
        var reader = new WireReader(row, "totals of the trash");
        _lastId = reader.ReadUInt64();
        Totals = new TrashTotals((long)reader.ReadUInt64(), (long)reader.ReadUInt64());
        reader.ExpectEnd();
    }

    private static ReadOnlySpan<byte> TotalsName => "trash"u8;

    public TrashTotals Totals { get; private set; }

    /// <summary>Whether anything is kept.</summary>
    public Func<bool> IsOn { get; init; } = static () => true;

    /// <summary>Adds what a peer deleted or overwrote; its number is given here. Returns the key of the row, which is new; null when nothing is kept.</summary>
    public byte[]? Add(MetadataBatch batch, TrashEntry entry)
    {
        if (!IsOn()) return null;
        ulong microseconds = unchecked(((ulong)Math.Max(0, entry.Time.Seconds) * 1_000_000) + (entry.Time.Nanoseconds / 1000));
        _lastId = Math.Max(_lastId + 1, microseconds);
        byte[] key = Key(_lastId);
        batch.Put(key, entry.Encode());
        Change(1, unchecked((long)entry.SizeBytes));
        return key;
    }

    public void Remove(MetadataBatch batch, TrashEntry entry)
    {
        batch.Delete(Key(entry.Id));
        Change(-1, unchecked(-(long)entry.SizeBytes));
    }

    public TrashEntry? Find(ulong id) => _tables.Reader.Get(Key(id)) is { } row ? TrashEntry.Decode(id, row) : null;

    /// <summary>The entries from a number on, oldest first, as the reader of these tables has them.</summary>
    public static IEnumerable<TrashEntry> Scan(VolumeTables tables, ulong from = 0)
    {
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Trash).Bytes.ToArray();
        byte[] start = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Trash).Add(from).Bytes.ToArray();
        byte[] end = new byte[MetadataKey.MaxSize];
        using IMetadataCursor cursor = tables.Reader.Scan(start, MetadataKey.PrefixEnd(prefix, end));
        while (cursor.MoveNext()) yield return TrashEntry.Decode(new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadUInt64(), cursor.Value);
    }

    /// <summary>Whether something in it is sealed in an epoch before this one.</summary>
    public static bool NeedsEpochBefore(VolumeTables tables, uint epoch) =>
        Scan(tables).Any(entry => entry.Content is { Form: ContentForm.Blob } blob && blob.Manifest.KeyEpoch < epoch);

    /// <summary>Adds the row of the totals to a batch that changes them.</summary>
    public void WriteTotals(MetadataBatch batch)
    {
        if (!_isDirty) return;
        _isDirty = false;
        var writer = new WireWriter();
        writer.WriteUInt64(_lastId);
        writer.WriteUInt64((ulong)Totals.Entries);
        writer.WriteUInt64((ulong)Totals.Bytes);
        batch.Put(_tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(TotalsName).Bytes, writer.Span);
    }

    private void Change(long entries, long bytes)
    {
        Totals = new TrashTotals(Math.Max(0, Totals.Entries + entries), Math.Max(0, Totals.Bytes + bytes));
        _isDirty = true;
    }

    private byte[] Key(ulong id) => _tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Trash).Add(id).Bytes.ToArray();
}
