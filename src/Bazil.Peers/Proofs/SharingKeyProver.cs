using Bazil.Core.Crypto;

namespace Bazil.Peers;

/// <summary>
/// Proves knowledge of a sharing key in memory. The key is borrowed: it must outlive this object. The proving key is
/// derived for each proof with <c>crypto_kdf</c>, context <c>bazlpeer</c>, subkey 1, and wiped at once.
/// </summary>
public sealed class SharingKeyProver(string keyName, SharingKey key) : ISharingKeyProver
{
    private const ulong ProofSubkey = 1;
    private const int DerivedKeySize = 32;

    public string KeyName { get; } = keyName;

    public KeyFingerprint Fingerprint => key.Fingerprint;

    public ISharingKeyProver? For(KeyFingerprint wanted) => wanted == Fingerprint ? this : null;

    public bool IsOlder(KeyFingerprint wanted) => false;

    public void Prove(ReadOnlySpan<byte> statement, Span<byte> proof)
    {
        Span<byte> derived = stackalloc byte[DerivedKeySize];
        try
        {
            key.DeriveSubkey(ProofSubkey, "bazlpeer"u8, derived);
            Blake2b.Hash(statement, proof, key: derived);
        }
        finally
        {
            ConstantTime.Wipe(derived);
        }
    }
}
