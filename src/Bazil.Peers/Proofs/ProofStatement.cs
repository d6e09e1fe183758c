using Bazil.Core;

namespace Bazil.Peers.Proofs;

/// <summary>
/// The bytes over which a sharing key is proved. Canonical, version 1:
/// <code>
///   0  16  "bazil-key-proof\n"
///  16   1  version, 1
///  17   1  role of the prover: 1 client, 2 server
///  18  16  volume id
///  34  32  client's peer key
///  66  32  server's peer key
///  98  32  SHA-256 of the client's certificate, DER
/// 130  32  SHA-256 of the server's certificate, DER
/// 162  32  client's nonce
/// 194  32  server's nonce
/// </code>
/// The certificates bind it to the TLS keys in use and the server's nonce to one connection, so a proof is worth nothing anywhere else.
/// </summary>
internal static class ProofStatement
{
    public const int Size = 226;

    public const int NonceSize = 32;

    public const int ProofSize = 32;

    private const byte Version = 1;

    private static ReadOnlySpan<byte> Domain => "bazil-key-proof\n"u8;

    public static byte[] Encode(
        ProofRole role, VolumeId volume, in ProofParties parties, ReadOnlySpan<byte> clientNonce, ReadOnlySpan<byte> serverNonce)
    {
        Invariant.Check(clientNonce.Length == NonceSize && serverNonce.Length == NonceSize);
        var statement = new byte[Size];
        Domain.CopyTo(statement);
        statement[16] = Version;
        statement[17] = (byte)role;
        volume.Write(statement.AsSpan(18));
        parties.Client.Span.CopyTo(statement.AsSpan(34));
        parties.Server.Span.CopyTo(statement.AsSpan(66));
        parties.ClientCertificateHash.Span.CopyTo(statement.AsSpan(98, 32));
        parties.ServerCertificateHash.Span.CopyTo(statement.AsSpan(130, 32));
        clientNonce.CopyTo(statement.AsSpan(162));
        serverNonce.CopyTo(statement.AsSpan(194));
        return statement;
    }
}
