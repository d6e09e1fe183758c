using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// A signed statement of a replica's owner: under this id I have made changes up to this tick, and their running hash is
/// this. Knowledge is served with the head of each entry; a claim without its signature is refused.
/// <code>nonce (16) | tick (8) | running hash (32) | owner (32) | Ed25519 signature (64)</code>
/// The replica id is BLAKE2b-128 (personal <c>bazil-replica-id</c>) of owner and nonce, so an id has one owner.
/// The signature covers <c>"bazil head 1\0" | volume id (16)</c> and the fields before it.
/// </summary>
internal sealed record Head(UInt128 Nonce, ulong Tick, byte[] Hash, PeerId Owner, byte[] Signature)
{
    private ReplicaId _replica; // worked out when it is asked for: of hundreds of heads that are read most are only compared or passed on

    public ReplicaId Replica => _replica.IsNone ? _replica = Live.OwnHead.IdOf(Owner, Nonce) : _replica;

    public const int SignatureBytes = 64;
    private static ReadOnlySpan<byte> Domain => "bazil head 1\0"u8;

    public static Head Sign(VolumeId volume, Live.OwnHead head, SigningKey key)
    {
        byte[] signature = new byte[SignatureBytes];
        byte[] hash = head.Hash ?? new byte[Live.OwnHead.HashBytes];
        var unsigned = new Head(head.Nonce, head.Tick, hash, key.PeerId, signature);
        key.Sign(unsigned.Statement(volume), signature);
        return unsigned;
    }

    public bool IsValid(VolumeId volume, VerifiedSignatures verified) => verified.IsValid(Owner, Statement(volume), Signature);

    public void Write(WireWriter writer)
    {
        WriteFields(writer);
        writer.WriteFixed(Signature);
    }

    public static Head Read(ref WireReader reader)
    {
        UInt128 nonce = reader.ReadReplicaId().Value;
        ulong tick = reader.ReadUInt64();
        byte[] hash = reader.ReadFixed(Live.OwnHead.HashBytes).ToArray();
        PeerId owner = reader.ReadPeerId();
        return new Head(nonce, tick, hash, owner, reader.ReadFixed(SignatureBytes).ToArray());
    }

    private byte[] Statement(VolumeId volume)
    {
        var writer = new WireWriter();
        writer.WriteFixed(Domain);
        Span<byte> id = stackalloc byte[VolumeId.Size];
        volume.Write(id);
        writer.WriteFixed(id);
        WriteFields(writer);
        return writer.ToArray();
    }

    private void WriteFields(WireWriter writer)
    {
        writer.WriteReplicaId(new ReplicaId(Nonce));
        writer.WriteUInt64(Tick);
        writer.WriteFixed(Hash);
        writer.WriteFixed(Owner.Span);
    }
}
