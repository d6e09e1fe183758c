using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Where this replica's own log stands: the replica id it writes under since the last start, the tick of its newest
/// change, and the running BLAKE2b-256 over all changes made under that id. <c>default</c>: no change since the start.
/// </summary>
internal readonly record struct OwnHead(ReplicaId Replica, UInt128 Nonce, ulong Tick, byte[]? Hash)
{
    public const int HashBytes = 32;
    public const int NonceBytes = 16;

    public bool IsNone => Replica.IsNone;

    public Version Version => new(Tick, Replica);

    /// <summary>A fresh id: the hash of its owner and random bytes, so that nobody else can claim it (docs/sync.md).</summary>
    public static OwnHead Start(PeerId owner, IEntropy entropy)
    {
        UInt128 nonce = ReplicaId.Random(entropy).Value;
        return new OwnHead(IdOf(owner, nonce), nonce, 0, new byte[HashBytes]);
    }

    public static ReplicaId IdOf(PeerId owner, UInt128 nonce)
    {
        Span<byte> input = stackalloc byte[PeerId.Size + NonceBytes];
        owner.Span.CopyTo(input);
        BinaryPrimitives.WriteUInt128BigEndian(input[PeerId.Size..], nonce);
        Span<byte> id = stackalloc byte[ReplicaId.Size];
        Blake2b.Hash(input, id, personal: "bazil-replica-id"u8);
        return ReplicaId.Read(id);
    }

    public byte[] Encode()
    {
        var writer = new WireWriter();
        writer.WriteVersion(Version);
        writer.WriteReplicaId(new ReplicaId(Nonce));
        writer.WriteFixed(Hash ?? new byte[HashBytes]);
        return writer.ToArray();
    }

    public static OwnHead Decode(ReadOnlySpan<byte> row)
    {
        var reader = new WireReader(row, "head");
        Version version = reader.ReadVersion();
        UInt128 nonce = reader.ReadReplicaId().Value;
        byte[] hash = reader.ReadFixed(HashBytes).ToArray();
        reader.ExpectEnd();
        return new OwnHead(version.Replica, nonce, version.Tick, hash);
    }
}
