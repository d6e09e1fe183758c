using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Collection;

/// <summary>
/// What a member vouches for, with the snapshots that it kept when it did, signed by it (docs/gc.md, "Members"). Others pass it on, and cannot change it:
/// what they delete rests on it. The row is <c>vouched knowledge | digest of the list of snapshots (32) | signature (64)</c>; the signature covers
/// <c>"bazil vouch 3\0" | volume id (16)</c> and the fields before it. The list has a row of its own, which is written in the same batch.
/// </summary>
internal sealed record MemberStatement(PeerId Member, Knowledge Vouched, byte[] ListDigest, byte[] Signature)
{
    public const int SignatureBytes = 64;

    private static ReadOnlySpan<byte> Domain => "bazil vouch 3\0"u8;

    /// <summary>The list that the digest names; null when it is not at hand.</summary>
    public MemberSnapshots? Snapshots { get; init; }

    /// <summary>One moment has one signature: Ed25519 is deterministic.</summary>
    public static MemberStatement Sign(VolumeId volume, SigningKey key, Knowledge vouched, MemberSnapshots snapshots)
    {
        byte[] signature = new byte[SignatureBytes];
        var statement = new MemberStatement(key.PeerId, vouched, snapshots.Digest, signature) { Snapshots = snapshots };
        key.Sign(statement.Content(volume), signature);
        return statement;
    }

    /// <summary>The same with its list if that is here and short, and without it when who lacks it is to ask for it.</summary>
    public MemberStatement ToSend(VolumeTables tables) =>
        Snapshots is null ? WithList(tables, MemberSnapshots.AlongBytesMax) : Snapshots.Encoded.Length <= MemberSnapshots.AlongBytesMax ? this : this with { Snapshots = null };

    /// <summary>The same with its list, if that is here and no longer than this.</summary>
    public MemberStatement WithList(VolumeTables tables, int bytesMax = int.MaxValue)
    {
        if (Snapshots is not null) return this;
        MemberSnapshots? here = MemberSnapshots.Find(tables, Member, bytesMax);
        return here is not null && here.Digest.AsSpan().SequenceEqual(ListDigest) ? this with { Snapshots = here } : this;
    }

    /// <summary>Those of others, as they came last.</summary>
    public static List<MemberStatement> ReadAll(VolumeTables tables)
    {
        var statements = new List<MemberStatement>();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberStatement).Bytes);
        while (cursor.MoveNext()) statements.Add(Decode(tables, new PeerId(cursor.Key[^PeerId.Size..]), cursor.Value));
        return statements;
    }

    public static MemberStatement? Find(VolumeTables tables, PeerId member) =>
        tables.Reader.Get(KeyOf(tables, member)) is { } row ? Decode(tables, member, row) : null;

    /// <summary>Tells lists of statements apart.</summary>
    public static byte[] DigestOf(IEnumerable<MemberStatement> statements)
    {
        var writer = new WireWriter();
        foreach (MemberStatement statement in statements) writer.WriteFixed(statement.Signature);
        byte[] digest = new byte[PullRequest.DigestBytes];
        Blake2b.Hash(writer.Span, digest, personal: "bazil-statements"u8);
        return digest;
    }

    public bool IsValid(VolumeId volume, VerifiedSignatures verified) => verified.IsValid(Member, Content(volume), Signature);

    /// <summary>Compares everything: a signature alone may stand under something else.</summary>
    public bool IsSame(MemberStatement other) =>
        Member == other.Member
        && Signature.AsSpan().SequenceEqual(other.Signature)
        && ListDigest.AsSpan().SequenceEqual(other.ListDigest)
        && Vouched.Equals(other.Vouched);

    /// <summary>Keeps it and its list, to pass them on, unless what is kept says more. True when that changed anything.</summary>
    /// <param name="batch">Takes the rows.</param>
    /// <param name="tables">The volume's rows.</param>
    /// <param name="isFirstHand">The member told it itself: its list of snapshots counts, whatever others said.</param>
    public bool TryPut(MetadataBatch batch, VolumeTables tables, bool isFirstHand)
    {
        MemberSnapshots list = Snapshots ?? throw new InvariantException($"the snapshots of member {Member} are not at hand");
        MemberStatement? before = Find(tables, Member);
        MemberSnapshots listBefore = MemberSnapshots.Find(tables, Member)!;
        if (listBefore.Digest.AsSpan().SequenceEqual(ListDigest))
        {
            if (before is not null && (before.IsSame(this) || CompareTo(before) <= 0)) return false;
        }
        else
        {
            // No older list that comes by another way replaces a newer one.
            bool isNewer = isFirstHand || list.Version > listBefore.Version || (before is null && list.Version == listBefore.Version);
            if (!isNewer) return false;
            list.Put(batch, tables, Member);
        }

        var writer = new WireWriter();
        KnowledgeCodec.Write(writer, Vouched);
        writer.WriteFixed(ListDigest);
        writer.WriteFixed(Signature);
        batch.Put(KeyOf(tables, Member), writer.Span);
        return true;
    }

    /// <summary>An order that all agree on, so that two that pass on different ones with one list come to rest: the more that is known.</summary>
    private int CompareTo(MemberStatement other)
    {
        int byTicks = TicksOf(Vouched).CompareTo(TicksOf(other.Vouched));
        return byTicks != 0 ? byTicks : Signature.AsSpan().SequenceCompareTo(other.Signature);
    }

    private static UInt128 TicksOf(Knowledge knowledge)
    {
        UInt128 sum = 0;
        foreach ((_, ulong tick) in knowledge) sum += tick;
        return sum;
    }

    private static MemberStatement Decode(VolumeTables tables, PeerId member, ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "statement of a member");
        var statement = new MemberStatement(member, tables.Knowledges.Read(ref reader), reader.ReadFixed(MemberSnapshots.DigestBytes).ToArray(), reader.ReadFixed(SignatureBytes).ToArray());
        reader.ExpectEnd();
        return statement;
    }

    private byte[] Content(VolumeId volume)
    {
        var writer = new WireWriter();
        writer.WriteFixed(Domain);
        Span<byte> id = stackalloc byte[VolumeId.Size];
        volume.Write(id);
        writer.WriteFixed(id);
        KnowledgeCodec.Write(writer, Vouched);
        writer.WriteFixed(ListDigest);
        return writer.ToArray();
    }

    private static byte[] KeyOf(VolumeTables tables, PeerId member) =>
        tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberStatement).Add(member).Bytes.ToArray();
}
