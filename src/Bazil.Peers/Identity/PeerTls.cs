using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Bazil.Peers.Identity;

/// <summary>The TLS settings of both sides: version 1.3 only, HTTP/2 only, no resumption, trust in nothing but the vouch.</summary>
internal static class PeerTls
{
    public static SslServerAuthenticationOptions Server(NodeCertificate own, RemoteCertificateValidationCallback validate) => new()
    {
        ServerCertificateContext = own.Context,
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = validate,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = NoChain(),
    };

    public static SslClientAuthenticationOptions Client(NodeCertificate own, RemoteCertificateValidationCallback validate) => new()
    {
        TargetHost = "", // no SNI: the name of a peer is nobody else's business
        ClientCertificateContext = own.Context,
        RemoteCertificateValidationCallback = validate,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = NoChain(),
    };

    /// <summary>The framework builds a chain before it asks us: it must not fetch anything that a stranger's certificate names.</summary>
    private static X509ChainPolicy NoChain() => new()
    {
        DisableCertificateDownloads = true,
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        VerificationFlags = X509VerificationFlags.AllFlags,
    };
}
