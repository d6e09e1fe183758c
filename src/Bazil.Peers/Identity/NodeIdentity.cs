using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Identity;

namespace Bazil.Peers;

/// <summary>
/// Who this node is to its peers: its Ed25519 key, and the TLS certificate that the key vouches for at present. The certificate is made when first
/// needed and again well before it ends; connections keep the one they began with. The key is borrowed and must outlive this object. Concurrent.
/// </summary>
public sealed class NodeIdentity(SigningKey key, TimeProvider time)
{
    private readonly Lock _lock = new(); // guards _current; held while a certificate is made, calls nothing outside
    private NodeCertificate? _current;

    public PeerId PeerId => key.PeerId;

    internal TimeProvider Time => time;

    internal NodeCertificate Current
    {
        get
        {
            var now = time.GetUtcNow();
            lock (_lock)
            {
                // A clock that was set back makes the current one not yet valid: make a new one then, too.
                if (_current is null || now > _current.NotAfter - VouchPolicy.RenewBefore || now < _current.NotAfter - VouchPolicy.Lifetime)
                    _current = NodeCertificate.Create(key, now);
                return _current;
            }
        }
    }
}
