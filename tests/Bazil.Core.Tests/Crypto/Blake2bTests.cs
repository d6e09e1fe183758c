using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class Blake2bTests
{
    private static readonly byte[] _originalChunkKey = Convert.FromHexString(
        "ddc24a8a3e0aab48ae72e2d6dbaddc322774d42577f6b88692a38088dfac2248d3bb4ae73ee2d86428de68d9c1e181ca35ba4358a833e3c65debafd65acf677c");

    /// <summary>The original program names an object by key(64) ‖ type ‖ level(1), here <c>testchunk</c> at level 3.</summary>
    private static byte[] OriginalName => [.. _originalChunkKey, .. "testchunk"u8, 3];

    [Fact]
    public void Hash_of_abc_equals_that_of_RFC_7693()
    {
        Span<byte> hash = stackalloc byte[64];
        Blake2b.Hash("abc"u8, hash);
        Assert.Equal(
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            Convert.ToHexStringLower(hash));
    }

    [Fact]
    public void Personalised_hash_gives_the_nonce_of_the_original_program()
    {
        Span<byte> nonce = stackalloc byte[24];
        Blake2b.Hash(OriginalName, nonce, personal: "bazil-crypt-nonc"u8);
        Assert.Equal("9cdc14bf2e1250d26dab55b01a635855eed9776a1c7f3ac6", Convert.ToHexStringLower(nonce));
    }

    [Fact]
    public void Keyed_personalised_hash_gives_the_stored_id_of_the_original_program()
    {
        Span<byte> secret = stackalloc byte[32];
        secret.Fill(0x2a);
        Span<byte> id = stackalloc byte[64];
        Blake2b.Hash(OriginalName, id, key: secret, personal: "bazil-crypt-key\0"u8);
        Assert.Equal(
            "85bb9e583d1d6b5fd00751172a3f597bef5696df6b53dc145f79b84cb7a0335ed818b9d812b1460cb1f1f5b4825abcd676ed65e49311fcf12b046305221834cf",
            Convert.ToHexStringLower(id));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(127, 3)]
    [InlineData(128, 128)]
    [InlineData(129, 64)]
    [InlineData(1000, 7)]
    public void Hashing_in_pieces_equals_hashing_at_once(int sizeBytes, int pieceSizeBytes)
    {
        byte[] data = new byte[sizeBytes];
        new Random(7).NextBytes(data);
        byte[] key = [.. Enumerable.Repeat((byte)1, 32)];
        byte[] salt = [.. Enumerable.Repeat((byte)2, 16)];
        byte[] personal = [.. Enumerable.Repeat((byte)3, 16)];
        byte[] whole = new byte[32], pieces = new byte[32];
        Blake2b.Hash(data, whole, key, salt, personal);

        using var hasher = new Blake2bHasher(32, key, salt, personal);
        foreach (byte[] piece in data.Chunk(pieceSizeBytes)) hasher.Append(piece);
        hasher.Finish(pieces);

        Assert.Equal(whole, pieces);
        Assert.Throws<InvalidOperationException>(() => hasher.Append(data));
    }

    [Fact]
    public void Key_salt_personalisation_and_length_each_change_the_hash()
    {
        byte[] sixteen = [.. Enumerable.Repeat((byte)1, 16)];
        var hashes = new HashSet<string>();
        void Add(int size, byte[]? key = null, byte[]? salt = null, byte[]? personal = null)
        {
            byte[] hash = new byte[size];
            Blake2b.Hash("x"u8, hash, key, salt, personal);
            hashes.Add(Convert.ToHexStringLower(hash.AsSpan(0, 16)));
        }

        Add(32);
        Add(31);
        Add(32, key: sixteen);
        Add(32, salt: sixteen);
        Add(32, personal: sixteen);
        Assert.Equal(5, hashes.Count);
    }

    [Fact]
    public void Parameters_of_wrong_length_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[15]));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[65]));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[32], key: new byte[15]));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[32], salt: new byte[15]));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[32], personal: new byte[17]));
    }
}
