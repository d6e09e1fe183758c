namespace Bazil.Core.Crypto;

/// <summary>
/// The 32-byte secret that the machines of one group share: it encrypts objects and names them. Owned by whoever created
/// it and wiped on dispose; operations in flight at that moment finish first. Safe for concurrent use.
/// </summary>
public sealed class SharingKey : IDisposable
{
    public const int Size = 32;

    private const ulong FingerprintSubkey = 1;

    private readonly SecretMemory _memory = new(Size);

    /// <exception cref="ArgumentException"><paramref name="secret"/> is not 32 bytes long.</exception>
    public SharingKey(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Size) throw new ArgumentException($"sharing key must be exactly {Size} bytes, not {secret.Length}");
        using SecretLease lease = _memory.Borrow();
        secret.CopyTo(lease.Writable);
        Span<byte> fingerprint = stackalloc byte[KeyFingerprint.Size];
        DeriveSubkey(FingerprintSubkey, "bazilfpr"u8, fingerprint);
        Fingerprint = KeyFingerprint.Read(fingerprint);
    }

    /// <summary>Tells keys apart without revealing them; the same on every machine.</summary>
    public KeyFingerprint Fingerprint { get; }

    public static SharingKey Generate(IEntropy entropy)
    {
        Span<byte> secret = stackalloc byte[Size];
        entropy.Fill(secret);
        var key = new SharingKey(secret);
        ConstantTime.Wipe(secret);
        return key;
    }

    /// <summary>The bytes of the key, for sealing and for storing it. Dispose the lease.</summary>
    /// <exception cref="ObjectDisposedException">The key was disposed.</exception>
    public SecretLease Borrow() => _memory.Borrow();

    /// <summary>Derives an independent key (libsodium's <c>crypto_kdf</c>): every use beside sealing and naming objects has one of its own.</summary>
    /// <param name="id">Number of the subkey within the context.</param>
    /// <param name="context">Exactly 8 bytes that name the use.</param>
    /// <param name="subkey">Receives 16 to 64 bytes; the caller wipes it.</param>
    public unsafe void DeriveSubkey(ulong id, ReadOnlySpan<byte> context, Span<byte> subkey)
    {
        if (context.Length != 8) throw new ArgumentException($"the context of a subkey must be 8 bytes, not {context.Length}");
        if (subkey.Length is < 16 or > 64) throw new ArgumentException($"a subkey must be 16 to 64 bytes, not {subkey.Length}");
        using SecretLease lease = _memory.Borrow();
        int result;
        fixed (byte* key = lease.Span, contextBytes = context, destination = subkey)
        {
            result = Sodium.crypto_kdf_blake2b_derive_from_key(destination, (nuint)subkey.Length, id, contextBytes, key);
        }

        Invariant.Check(result == 0);
    }

    /// <summary>Compares two keys in constant time.</summary>
    public bool HasSameSecret(SharingKey other)
    {
        using SecretLease left = Borrow();
        using SecretLease right = other.Borrow();
        return ConstantTime.AreEqual(left.Span, right.Span);
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>The fingerprint, never the secret.</summary>
    public override string ToString() => $"sharing key {Fingerprint}";
}
