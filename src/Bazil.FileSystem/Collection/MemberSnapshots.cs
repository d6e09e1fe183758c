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
/// are named by what the member vouches for, are asked for by who lacks them, and go into the same batch. On the wire: <c>version (8) | count | each: name | reference as in its row</c>. The row begins with
/// <c>format (1) = 1</c>; where the list of an earlier version stands, with 0 in its first byte, it has keys (32 each) instead of names and references.
/// </summary>
/// <param name="Version">Grows with every change at the member, so that no older list that comes by another way replaces a newer one.</param>
/// <param name="References">In the order of their names.</param>
internal sealed record MemberSnapshots(ulong Version, IReadOnlyList<SnapshotReference> References)
{
    public const int DigestBytes = 32;

    /// <summary>Lists that take no more than this, some seven snapshots, go along with the statement: to be asked for them costs a round trip.</summary>
    public const int AlongBytesMax = 512;

    private const byte Format = 1;

    private static readonly MemberSnapshots _empty = new(0, []);
    private byte[]? _encoded;
    private byte[]? _digest;

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

    /// <summary>Those of a member, as they were told last; an empty list when nothing was. Null when the list is longer than what is wanted.</summary>
    public static MemberSnapshots? Find(VolumeTables tables, PeerId member, int bytesMax = int.MaxValue)
    {
        byte[]? row = tables.Reader.Get(KeyOf(tables, member));
        return row is null ? _empty : row.Length - 1 <= bytesMax ? Decode(row) : null;
    }

    /// <summary>The list as it travels; not to be changed.</summary>
    public byte[] Encoded
    {
        get
        {
            if (_encoded is not null) return _encoded;
            var writer = new WireWriter();
            Write(writer);
            return _encoded = writer.ToArray();
        }
    }

    /// <summary>By which a statement names it, BLAKE2b-256; not to be changed.</summary>
    public byte[] Digest
    {
        get
        {
            if (_digest is not null) return _digest;
            byte[] digest = new byte[DigestBytes];
            Blake2b.Hash(Encoded, digest, personal: "bazil-snapshots\0"u8);
            return _digest = digest;
        }
    }

    public void Put(MetadataBatch batch, VolumeTables tables, PeerId member) => batch.Put(KeyOf(tables, member), [Format, .. Encoded]);

    private void Write(WireWriter writer)
    {
        writer.WriteUInt64(Version);
        writer.WriteVariable((ulong)References.Count);
        foreach (SnapshotReference reference in References)
        {
            writer.WriteBytes(reference.Name.Span);
            writer.WriteBytes(reference.Encode());
        }
    }

    /// <exception cref="WireFormatException">Malformed.</exception>
    public static MemberSnapshots Parse(ReadOnlySpan<byte> encoded)
    {
        var reader = new WireReader(encoded, "snapshots of a member");
        MemberSnapshots snapshots = Read(ref reader);
        reader.ExpectEnd();
        return snapshots;
    }

    public static MemberSnapshots Read(ref WireReader reader)
    {
        ReadOnlySpan<byte> rest = reader.Rest;
        ulong version = reader.ReadUInt64();
        var references = new SnapshotReference[reader.ReadCount(SnapshotLimits.MemberSnapshotsMax, ChunkKey.Size)];
        for (int index = 0; index < references.Length; index++)
        {
            FileName name = FileName.Parse(reader.ReadBytes(Limits.NameBytesMax));
            references[index] = SnapshotReference.Decode(name, reader.ReadBytes(SnapshotReference.BytesMax));
        }

        // As the member wrote it: what it signed is the digest of these bytes.
        return new MemberSnapshots(version, references) { _encoded = rest[..^reader.Remaining].ToArray() };
    }

    private static MemberSnapshots Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "snapshots of a member");
        if (row[0] == 0) return ReadKeys(ref reader);
        byte format = reader.ReadByte();
        return format == Format ? Parse(reader.Rest) : throw reader.Malformed($"format {format} is not known to this version");
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

    private static byte[] KeyOf(VolumeTables tables, PeerId member) => tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberSnapshots).Add(member).Bytes.ToArray();

    private static ulong ReadVersion(VolumeTables tables) => tables.ReadState(VersionName) is { } row ? BinaryPrimitives.ReadUInt64BigEndian(row) : 0;
}
