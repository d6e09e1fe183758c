using System.Buffers.Binary;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Eviction;

/// <summary>
/// When files were last used, to the hour: the rows (<see cref="Table.LastUse"/>, inode → hours since 1970, BE32) and what was noted since they were written. Not replicated, and not synced: a crash loses what was noted last. Guarded by the
/// volume's gate.
/// </summary>
internal sealed class LastUse(VolumeTables tables)
{
    private readonly Dictionary<InodeId, uint> _noted = [];

    /// <summary>Notes a use. True when so many wait that they should be saved.</summary>
    public bool Note(InodeId file, DateTimeOffset now)
    {
        _noted[file] = HourOf(now);
        return _noted.Count >= Limits.UsesNotedMax;
    }

    /// <summary>What waits, as rows; of files that were used in an hour that is known already, none.</summary>
    public MetadataBatch Take()
    {
        var batch = new MetadataBatch();
        foreach ((InodeId file, uint hour) in _noted)
        {
            if (Read(tables, file) == hour) continue;
            byte[] value = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(value, hour);
            batch.Put(KeyOf(tables, file), value);
        }

        _noted.Clear();
        return batch;
    }

    /// <summary>Rows of files that are not there any more.</summary>
    public static List<byte[]> FindStale(VolumeTables tables, int most)
    {
        var stale = new List<byte[]>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.LastUse).Bytes.ToArray();
        byte[] inodes = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (stale.Count < most && cursor.MoveNext())
        {
            if (tables.Reader.Get([.. inodes, .. cursor.Key[prefix.Length..]]) is null) stale.Add(cursor.Key.ToArray());
        }

        return stale;
    }

    /// <summary>0 when nobody knows.</summary>
    public static uint Read(VolumeTables tables, InodeId file) => tables.Reader.Get(KeyOf(tables, file)) is { Length: sizeof(uint) } row ? BinaryPrimitives.ReadUInt32BigEndian(row) : 0;

    private static uint HourOf(DateTimeOffset time) => (uint)Math.Clamp(time.ToUnixTimeSeconds() / 3600, 1, uint.MaxValue);

    private static byte[] KeyOf(VolumeTables tables, InodeId file) => tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.LastUse).Add(file).Bytes.ToArray();
}
