using Bazil.Core.Crypto;

namespace Bazil.Peers;

/// <summary>
/// Knowledge of one sharing key, without the key: the transport builds statements, this seals them. Concurrent.
/// <c>SharingKeyProver</c> is the implementation over a key in memory.
/// </summary>
public interface ISharingKeyProver
{
    /// <summary>The key's local name, for messages.</summary>
    string KeyName { get; }

    /// <summary>Names the key on every machine.</summary>
    KeyFingerprint Fingerprint { get; }

    /// <summary>What to prove to a peer that asks for this key; null when it is not here, or not to be proved any more.</summary>
    ISharingKeyProver? For(KeyFingerprint wanted);

    /// <summary>True when the key is one that the volume had before a rotation: a peer that asks for it has not heard of that.</summary>
    bool IsOlder(KeyFingerprint wanted);

    /// <summary>Writes the keyed BLAKE2b-256 of <paramref name="statement"/> under the key derived from the sharing key for this purpose.</summary>
    /// <param name="statement">The canonical bytes that <c>docs/protocol.md</c> defines.</param>
    /// <param name="proof">Exactly 32 bytes.</param>
    void Prove(ReadOnlySpan<byte> statement, Span<byte> proof);
}
