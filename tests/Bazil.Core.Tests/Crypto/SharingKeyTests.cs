using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class SharingKeyTests
{
    private static readonly byte[] _secret = [.. Enumerable.Repeat((byte)0x2a, 32)];

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Secret_of_wrong_length_is_refused(int sizeBytes)
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new SharingKey(new byte[sizeBytes]));
        Assert.Equal($"sharing key must be exactly 32 bytes, not {sizeBytes}", exception.Message);
    }

    /// <summary>The values of docs/crypto.md, which crypto_kdf_blake2b computes as BLAKE2b keyed with the key, salted with the number, personalised with the context.</summary>
    [Fact]
    public void Fingerprint_and_subkeys_are_frozen()
    {
        using var key = new SharingKey(_secret);
        byte[] expected = new byte[16], subkey = new byte[16];
        Blake2b.Hash([], expected, _secret, [1, .. new byte[15]], [.. "bazilfpr"u8, .. new byte[8]]);
        key.DeriveSubkey(1, "bazilfpr"u8, subkey);
        Assert.Equal(expected, subkey);
        Assert.Equal(Convert.ToHexStringLower(expected), key.Fingerprint.ToString());
        Assert.Equal("bbc0c09d5c4f14050d2c167f660a5b59", key.Fingerprint.ToString());
    }

    [Fact]
    public void Subkeys_differ_by_number_and_by_context_and_never_are_the_key()
    {
        using var key = new SharingKey(_secret);
        byte[][] subkeys = [new byte[32], new byte[32], new byte[32], _secret];
        key.DeriveSubkey(1, "context1"u8, subkeys[0]);
        key.DeriveSubkey(2, "context1"u8, subkeys[1]);
        key.DeriveSubkey(1, "context2"u8, subkeys[2]);
        Assert.Equal(4, subkeys.Select(Convert.ToHexString).Distinct().Count());
        Assert.Throws<ArgumentException>(() => key.DeriveSubkey(1, "short"u8, new byte[32]));
        Assert.Throws<ArgumentException>(() => key.DeriveSubkey(1, "context1"u8, new byte[15]));
    }

    [Fact]
    public void Generated_keys_differ_and_equal_secrets_are_recognised()
    {
        using SharingKey first = SharingKey.Generate(new SodiumEntropy());
        using SharingKey second = SharingKey.Generate(new SodiumEntropy());
        using SecretLease lease = first.Borrow();
        using var copy = new SharingKey(lease.Span);
        Assert.False(first.HasSameSecret(second));
        Assert.NotEqual(first.Fingerprint, second.Fingerprint);
        Assert.True(first.HasSameSecret(copy));
        Assert.Equal(first.Fingerprint, copy.Fingerprint);
    }

    [Fact]
    public void Borrowed_secret_survives_dispose_until_it_is_returned()
    {
        var key = new SharingKey(_secret);
        using (SecretLease lease = key.Borrow())
        {
            key.Dispose();
            Assert.True(lease.Span.SequenceEqual(_secret));
        }

        Assert.Throws<ObjectDisposedException>(() => key.Borrow().Dispose());
    }

    [Fact]
    public void Text_of_a_key_does_not_hold_the_secret()
    {
        using var key = new SharingKey(_secret);
        Assert.DoesNotContain("2a2a2a", key.ToString(), StringComparison.OrdinalIgnoreCase);
    }
}
