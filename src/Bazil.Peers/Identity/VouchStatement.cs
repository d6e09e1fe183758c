using System.Buffers.Binary;

namespace Bazil.Peers.Identity;

/// <summary>
/// The bytes that a node's Ed25519 key signs to vouch for a TLS key. Canonical, version 1, little endian:
/// <code>
///  0  16  "bazil-vouch-tls\n"
/// 16   1  version, 1
/// 17   8  not before, Unix seconds
/// 25   8  not after, Unix seconds
/// 33   n  the certificate's SubjectPublicKeyInfo, DER, up to the end
/// </code>
/// The domain in front keeps this signature from being taken for any other that the key makes.
/// </summary>
internal static class VouchStatement
{
    public const byte Version = 1;

    private const int FixedBytes = 33;

    private static ReadOnlySpan<byte> Domain => "bazil-vouch-tls\n"u8;

    public static byte[] Encode(long notBeforeSeconds, long notAfterSeconds, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var statement = new byte[FixedBytes + subjectPublicKeyInfo.Length];
        Domain.CopyTo(statement);
        statement[Domain.Length] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(statement.AsSpan(17), notBeforeSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(statement.AsSpan(25), notAfterSeconds);
        subjectPublicKeyInfo.CopyTo(statement.AsSpan(FixedBytes));
        return statement;
    }
}
