using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers.Identity;

/// <summary>
/// The certificate extension in which a node's Ed25519 key vouches for a TLS key and its validity window. Value, 97 bytes:
/// version (1) ‖ Ed25519 public key (32) ‖ signature (64) of the <see cref="VouchStatement"/>.
/// </summary>
internal static class Vouch
{
    public const string Oid = "1.2.840.113556.1.8000.2554.31830.5190.18203.20240.41147.7688498.2373901.2";

    public const int Size = 1 + PeerId.Size + Ed25519.SignatureSize;

    public static X509Extension Sign(SigningKey key, DateTimeOffset notBefore, DateTimeOffset notAfter, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var value = new byte[Size];
        value[0] = VouchStatement.Version;
        key.PeerId.Span.CopyTo(value.AsSpan(1));
        byte[] statement = VouchStatement.Encode(notBefore.ToUnixTimeSeconds(), notAfter.ToUnixTimeSeconds(), subjectPublicKeyInfo);
        key.Sign(statement, value.AsSpan(1 + PeerId.Size));
        return new X509Extension(Oid, value, critical: false);
    }

    /// <summary>Finds who vouches for a certificate, and whether it is good at <paramref name="now"/>.</summary>
    public static VouchVerdict Check(X509Certificate? presented, DateTimeOffset now, out PeerId peer)
    {
        peer = default;
        if (presented is not X509Certificate2 certificate) return VouchVerdict.NoCertificate;
        try
        {
            return Check(certificate, now, out peer);
        }
        catch (CryptographicException)
        {
            // The bytes are not what X.509 allows; they come from a stranger, so that is an answer and not a failure.
            return VouchVerdict.Malformed;
        }
    }

    private static VouchVerdict Check(X509Certificate2 certificate, DateTimeOffset now, out PeerId peer)
    {
        peer = default;
        if (certificate.RawDataMemory.Length > Limits.CertificateBytes) return VouchVerdict.Malformed;
        ReadOnlySpan<byte> value = default;
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != Oid) continue;
            if (!value.IsEmpty) return VouchVerdict.Malformed;
            value = extension.RawData;
        }
        if (value.IsEmpty) return VouchVerdict.NoVouch;
        if (value[0] != VouchStatement.Version) return VouchVerdict.NewerVersion;
        if (value.Length != Size) return VouchVerdict.Malformed;

        var signer = new PeerId(value.Slice(1, PeerId.Size));
        var notBefore = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
        var notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        byte[] statement = VouchStatement.Encode(
            notBefore.ToUnixTimeSeconds(), notAfter.ToUnixTimeSeconds(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        if (!Ed25519.Verify(signer, statement, value[(1 + PeerId.Size)..])) return VouchVerdict.WrongSignature;

        peer = signer;
        if (notAfter - notBefore > VouchPolicy.LongestWindow) return VouchVerdict.WindowTooLong;
        if (now + VouchPolicy.ClockSkew < notBefore) return VouchVerdict.NotYetValid;
        if (now - VouchPolicy.ClockSkew > notAfter) return VouchVerdict.Expired;
        return VouchVerdict.Valid;
    }
}
