using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// The rows of what pulls bring between two collections (<see cref="AdoptedContent"/>), of which there are only so many: a member that
/// replaces the content of one file again and again must not fill this disk. Beyond the bound one row says that others are missing, and the next
/// collection then counts as the first for everything that it finds unused (docs/gc.md, "From a pull"). Guarded by the volume's gate.
/// </summary>
internal sealed class AdoptedRows(VolumeTables tables, int countMax = Limits.AdoptedRowsMax)
{
    /// <summary>Below the generation: no epoch and no root has these.</summary>
    private const uint IncompleteEpoch = uint.MaxValue;

    private ulong _generation;
    private int _count;

    /// <summary>Whether rows are missing that the view should have.</summary>
    public static bool AreIncomplete(IMetadataReader view, uint localNumber)
    {
        var tables = new VolumeTables(view, localNumber);
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Bytes.ToArray();
        byte[] from = prefix;
        byte[] key = new byte[MetadataKey.MaxSize], end = new byte[MetadataKey.MaxSize];
        byte[] to = MetadataKey.PrefixEnd(prefix, end).ToArray();
        while (FindGeneration(tables, from, to, prefix.Length) is { } generation)
        {
            if (view.Get(IncompleteKey(tables, generation)) is not null) return true;
            from = tables.Key(key, Table.Adopted).Add(generation + 1).Bytes.ToArray();
        }

        return false;
    }

    /// <summary>True for the row that says that others are missing.</summary>
    public static bool IsIncompleteMark(ReadOnlySpan<byte> row) => row.IsEmpty;

    /// <summary>Adds the row of some content, or the one that says that it is missing.</summary>
    public void Add(MetadataBatch batch, ulong generation, InodeId inode, ContentValue value)
    {
        if (_generation != generation)
        {
            _count = Count(generation);
            _generation = generation;
        }

        if (_count >= countMax)
        {
            batch.Put(IncompleteKey(tables, generation), []);
            return;
        }

        _count++;
        Manifest manifest = value.Manifest;
        MetadataKey key = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Add(generation).Add(manifest.KeyEpoch).Add(manifest.Root.Span);
        batch.Put(key.Bytes, new AdoptedContent(inode, value).Encode());
    }

    private int Count(ulong generation)
    {
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Add(generation).Bytes);
        int count = 0;
        while (count < countMax && cursor.MoveNext()) count++;
        return count;
    }

    private static byte[] IncompleteKey(VolumeTables tables, ulong generation) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Adopted).Add(generation).Add(IncompleteEpoch).Bytes.ToArray();

    private static ulong? FindGeneration(VolumeTables tables, byte[] from, byte[] to, int prefixLength)
    {
        using IMetadataCursor cursor = tables.Reader.Scan(from, to);
        return cursor.MoveNext() ? new MetadataKeyReader(cursor.Key[prefixLength..]).ReadUInt64() : null;
    }
}
