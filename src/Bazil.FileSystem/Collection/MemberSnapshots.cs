using System.Buffers.Binary;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// The snapshots that a member keeps: whatever they are made of is no garbage anywhere (docs/gc.md, "Snapshots of members"). They
/// travel with what the member vouches for, and go into the same batch. Row and wire: <c>version (8) | count | root keys (32 each)</c>.
/// </summary>
/// <param name="Version">Grows with every change at the member, so that no older list that comes by another way replaces a newer one.</param>
/// <param name="Keys">Their roots.</param>
internal sealed record MemberSnapshots(ulong Version, IReadOnlyList<SnapshotKey> Keys)
{
    private static ReadOnlySpan<byte> VersionName => "snapversion"u8;

    /// <summary>Those of this node.</summary>
    public static MemberSnapshots ReadOwn(VolumeTables tables)
    {
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Bytes.ToArray();
        var keys = new List<SnapshotKey>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) keys.Add(SnapshotReference.Decode(FileName.Parse(cursor.Key[prefix.Length..]), cursor.Value).Key);
        return new MemberSnapshots(ReadVersion(tables), keys);
    }

    /// <summary>Adds to a batch that adds or removes a snapshot of this node.</summary>
    public static void NoteChange(MetadataBatch batch, VolumeTables tables, UnixTime now)
    {
        // The time carries it beyond what others heard before this data directory was restored from a backup.
        ulong time = (ulong)Math.Max(0, now.Seconds) << 20;
        byte[] row = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(row, Math.Max(ReadVersion(tables) + 1, time));
        batch.Put(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(VersionName).Bytes, row);
    }

    /// <summary>Those of others, as they were told.</summary>
    public static List<KeyValuePair<PeerId, MemberSnapshots>> ReadAll(VolumeTables tables)
    {
        var members = new List<KeyValuePair<PeerId, MemberSnapshots>>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberSnapshots).Bytes);
        while (cursor.MoveNext()) members.Add(KeyValuePair.Create(new PeerId(cursor.Key[^PeerId.Size..]), Decode(cursor.Value)));
        return members;
    }

    /// <summary>Takes over what was told about a member, unless something newer is known. True when that changed anything.</summary>
    /// <param name="batch">Takes the row.</param>
    /// <param name="tables">The volume's rows.</param>
    /// <param name="member">Whose snapshots these are.</param>
    /// <param name="isFirstHand">The member told it itself: that counts, whatever others said.</param>
    public bool TryPut(MetadataBatch batch, VolumeTables tables, PeerId member, bool isFirstHand)
    {
        byte[] key = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberSnapshots).Add(member).Bytes.ToArray();
        MemberSnapshots? before = tables.Reader.Get(key) is { } row ? Decode(row) : null;
        bool isNewer = before is null ? Version > 0 || Keys.Count > 0 : isFirstHand ? Version != before.Version : Version > before.Version;
        if (!isNewer) return false;
        var writer = new WireWriter();
        Write(writer);
        batch.Put(key, writer.Span);
        return true;
    }

    public void Write(WireWriter writer)
    {
        writer.WriteUInt64(Version);
        writer.WriteVariable((ulong)Keys.Count);
        foreach (SnapshotKey key in Keys) writer.WriteFixed(key.Value.Span);
    }

    public static MemberSnapshots Read(ref WireReader reader)
    {
        ulong version = reader.ReadUInt64();
        var keys = new SnapshotKey[reader.ReadCount(SnapshotLimits.SnapshotsMax, ChunkKey.Size)];
        for (int index = 0; index < keys.Length; index++) keys[index] = new SnapshotKey(reader.ReadChunkKey());
        return new MemberSnapshots(version, keys);
    }

    private static MemberSnapshots Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "snapshots of a member");
        MemberSnapshots snapshots = Read(ref reader);
        reader.ExpectEnd();
        return snapshots;
    }

    private static ulong ReadVersion(VolumeTables tables) => tables.ReadState(VersionName) is { } row ? BinaryPrimitives.ReadUInt64BigEndian(row) : 0;
}
