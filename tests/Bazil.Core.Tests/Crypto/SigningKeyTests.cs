using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class SigningKeyTests
{
    private static readonly byte[] _seed = [.. Enumerable.Repeat((byte)0x42, 32)];

    [Fact]
    public void Public_key_of_a_seed_equals_that_of_the_original_program()
    {
        using SigningKey key = SigningKey.FromSeed(_seed);
        Assert.Equal("2152f8d19b791d24453242e15f2eab6cb7cffa7b6a5ed30097960e069881db12", key.PeerId.ToString());
    }

    /// <summary>RFC 8032, section 7.1, test 2.</summary>
    [Fact]
    public void Signature_equals_that_of_RFC_8032()
    {
        using SigningKey key = SigningKey.FromSeed(Convert.FromHexString("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
        byte[] signature = new byte[Ed25519.SignatureSize];
        key.Sign([0x72], signature);
        Assert.Equal("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", key.PeerId.ToString());
        Assert.Equal(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            Convert.ToHexStringLower(signature));
    }

    [Fact]
    public void Signature_is_valid_only_for_its_message_and_signer()
    {
        using SigningKey key = SigningKey.Generate(new SodiumEntropy());
        using SigningKey other = SigningKey.Generate(new SodiumEntropy());
        byte[] signature = new byte[Ed25519.SignatureSize];
        key.Sign("message"u8, signature);
        Assert.True(Ed25519.Verify(key.PeerId, "message"u8, signature));
        Assert.False(Ed25519.Verify(key.PeerId, "messagE"u8, signature));
        Assert.False(Ed25519.Verify(other.PeerId, "message"u8, signature));
        Assert.False(Ed25519.Verify(key.PeerId, "message"u8, signature.AsSpan(0, 63)));
        Assert.False(Ed25519.Verify(default, "message"u8, signature));
        signature[0] ^= 1;
        Assert.False(Ed25519.Verify(key.PeerId, "message"u8, signature));
    }

    [Fact]
    public void Exported_seed_makes_the_same_key()
    {
        using SigningKey key = SigningKey.Generate(new SodiumEntropy());
        byte[] seed = new byte[SigningKey.SeedSize];
        key.ExportSeed(seed);
        using SigningKey again = SigningKey.FromSeed(seed);
        Assert.Equal(key.PeerId, again.PeerId);
    }

    [Fact]
    public void Disposed_key_does_not_sign()
    {
        SigningKey key = SigningKey.FromSeed(_seed);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign("x"u8, new byte[Ed25519.SignatureSize]));
    }
}
