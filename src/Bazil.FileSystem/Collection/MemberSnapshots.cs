using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// The snapshots that a member keeps: whatever they are made of is no garbage anywhere (docs/gc.md, "Snapshots of members"), and everybody can read them. They
/// travel with what the member vouches for, and go into the same batch. On the wire: <c>version (8) | count | each: name | reference as in its row</c>. The row begins with
/// <c>format (1) = 1</c>; where the list of an earlier version stands, with 0 in its first byte, it has keys (32 each) instead of names and references.
/// </summary>
/// <param name="Version">Grows with every change at the member, so that no older list that comes by another way replaces a newer one.</param>
/// <param name="References">In the order of their names.</param>
internal sealed record MemberSnapshots(ulong Version, IReadOnlyList<SnapshotReference> References)
{
    private const byte Format = 1;

    private static ReadOnlySpan<byte> VersionName => "snapversion"u8;

    /// <summary>Those of this node.</summary>
    public static MemberSnapshots ReadOwn(VolumeTables tables)
    {
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.SnapshotRef).Bytes.ToArray();
        var references = new List<SnapshotReference>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) references.Add(SnapshotReference.Decode(FileName.Parse(cursor.Key[prefix.Length..]), cursor.Value));
        return new MemberSnapshots(ReadVersion(tables), references);
    }

    /// <summary>Adds to a batch that adds, renames or removes a snapshot of this node.</summary>
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
        bool isNewer = before is null ? Version > 0 || References.Count > 0 : isFirstHand ? Version != before.Version || !References.SequenceEqual(before.References) : Version > before.Version;
        if (!isNewer) return false;
        var writer = new WireWriter();
        writer.WriteByte(Format);
        Write(writer);
        batch.Put(key, writer.Span);
        return true;
    }

    public void Write(WireWriter writer)
    {
        writer.WriteUInt64(Version);
        writer.WriteVariable((ulong)References.Count);
        foreach (SnapshotReference reference in References)
        {
            writer.WriteBytes(reference.Name.Span);
            writer.WriteBytes(reference.Encode());
        }
    }

    public static MemberSnapshots Read(ref WireReader reader)
    {
        ulong version = reader.ReadUInt64();
        var references = new SnapshotReference[reader.ReadCount(SnapshotLimits.MemberSnapshotsMax, ChunkKey.Size)];
        for (int index = 0; index < references.Length; index++)
        {
            FileName name = FileName.Parse(reader.ReadBytes(Limits.NameBytesMax));
            references[index] = SnapshotReference.Decode(name, reader.ReadBytes(SnapshotReference.BytesMax));
        }

        return new MemberSnapshots(version, references);
    }

    private static MemberSnapshots Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "snapshots of a member");
        if (row[0] == 0) return ReadKeys(ref reader);
        byte format = reader.ReadByte();
        if (format != Format) throw reader.Malformed($"format {format} is not known to this version");
        MemberSnapshots snapshots = Read(ref reader);
        reader.ExpectEnd();
        return snapshots;
    }

    /// <summary>Until the list changes, or the member itself tells it again, its snapshots are called by their keys.</summary>
    private static MemberSnapshots ReadKeys(ref WireReader reader)
    {
        ulong version = reader.ReadUInt64();
        var references = new SnapshotReference[reader.ReadCount(SnapshotLimits.MemberSnapshotsMax, ChunkKey.Size)];
        for (int index = 0; index < references.Length; index++)
        {
            var key = new SnapshotKey(reader.ReadChunkKey());
            references[index] = new SnapshotReference(FileName.Parse(key.ToString()), key, default, KeyEpoch.FoundingNumber);
        }

        reader.ExpectEnd();
        return new MemberSnapshots(version, references);
    }

    private static ulong ReadVersion(VolumeTables tables) => tables.ReadState(VersionName) is { } row ? BinaryPrimitives.ReadUInt64BigEndian(row) : 0;
}
