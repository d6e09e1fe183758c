namespace Bazil.Core.Crypto;

/// <summary>
/// The Ed25519 key pair that is a node's identity. Owned by whoever created it and wiped on dispose; operations in flight
/// at that moment finish first. Safe for concurrent use.
/// </summary>
public sealed unsafe class SigningKey : IDisposable
{
    public const int SeedSize = 32;

    private const int SecretSize = 64; // libsodium keeps seed ‖ public key

    private readonly SecretMemory _memory = new(SecretSize);

    private SigningKey(ReadOnlySpan<byte> seed)
    {
        using SecretLease lease = _memory.Borrow();
        Span<byte> publicKey = stackalloc byte[PeerId.Size];
        int result;
        fixed (byte* publicBytes = publicKey, secretBytes = lease.Writable, seedBytes = seed)
        {
            result = Sodium.crypto_sign_ed25519_seed_keypair(publicBytes, secretBytes, seedBytes);
        }

        Invariant.Check(result == 0);
        PeerId = new PeerId(publicKey);
    }

    /// <summary>The public key.</summary>
    public PeerId PeerId { get; }

    /// <exception cref="ArgumentException"><paramref name="seed"/> is not 32 bytes long.</exception>
    public static SigningKey FromSeed(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedSize) throw new ArgumentException($"an Ed25519 seed must be exactly {SeedSize} bytes, not {seed.Length}");
        return new SigningKey(seed);
    }

    public static SigningKey Generate(IEntropy entropy)
    {
        Span<byte> seed = stackalloc byte[SeedSize];
        entropy.Fill(seed);
        var key = new SigningKey(seed);
        ConstantTime.Wipe(seed);
        return key;
    }

    /// <summary>Writes the 32 bytes from which <see cref="FromSeed"/> makes this key again; the caller wipes them.</summary>
    public void ExportSeed(Span<byte> seed)
    {
        using SecretLease lease = _memory.Borrow();
        lease.Span[..SeedSize].CopyTo(seed);
    }

    /// <param name="signature">Receives exactly 64 bytes.</param>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature)
    {
        if (signature.Length != Ed25519.SignatureSize) throw new ArgumentException($"a signature has {Ed25519.SignatureSize} bytes, not {signature.Length}");
        using SecretLease lease = _memory.Borrow();
        int result;
        fixed (byte* messageBytes = message, signatureBytes = signature, secretBytes = lease.Span)
        {
            result = Sodium.crypto_sign_ed25519_detached(signatureBytes, null, messageBytes, (ulong)message.Length, secretBytes);
        }

        Invariant.Check(result == 0);
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>The public key, never the secret.</summary>
    public override string ToString() => PeerId.ToString();
}
