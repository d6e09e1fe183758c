using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bazil.Core.Crypto;

namespace Bazil.Peers.Identity;

/// <summary>One short-lived TLS key of this node with its self-signed, vouched certificate. Never written to disk. Immutable.</summary>
internal sealed class NodeCertificate
{
    private NodeCertificate(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        Hash = SHA256.HashData(certificate.RawDataMemory.Span);
        NotAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
    }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    /// <summary>SHA-256 of the DER; what the proof of a sharing key is bound to.</summary>
    public byte[] Hash { get; }

    public DateTimeOffset NotAfter { get; }

    public static NodeCertificate Create(SigningKey key, DateTimeOffset now) =>
        Create(key, now - VouchPolicy.Backdated, now + VouchPolicy.Lifetime);

    public static NodeCertificate Create(SigningKey key, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        // X.509 counts in seconds, and the vouch signs what the certificate says.
        notBefore = DateTimeOffset.FromUnixTimeSeconds(notBefore.ToUnixTimeSeconds());
        notAfter = DateTimeOffset.FromUnixTimeSeconds(notAfter.ToUnixTimeSeconds());
        using var tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bazil peer", tlsKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(Vouch.Sign(key, notBefore, notAfter, request.PublicKey.ExportSubjectPublicKeyInfo()));
        return new NodeCertificate(request.CreateSelfSigned(notBefore, notAfter));
    }
}
