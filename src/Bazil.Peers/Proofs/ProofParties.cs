using Bazil.Core;

namespace Bazil.Peers.Proofs;

/// <summary>The two ends of one TLS connection, as both see them.</summary>
internal readonly record struct ProofParties(
    PeerId Client, PeerId Server, ReadOnlyMemory<byte> ClientCertificateHash, ReadOnlyMemory<byte> ServerCertificateHash);
