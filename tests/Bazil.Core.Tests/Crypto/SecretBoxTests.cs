using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class SecretBoxTests
{
    private static readonly byte[] _key = [.. Enumerable.Repeat((byte)0x2a, 32)];
    private static readonly byte[] _nonce = Convert.FromHexString("9cdc14bf2e1250d26dab55b01a635855eed9776a1c7f3ac6");

    [Fact]
    public void Box_equals_that_of_the_original_program()
    {
        byte[] box = new byte[12 + SecretBox.OverheadSize];
        SecretBox.Seal(box, "Hello, world"u8, _nonce, _key);
        Assert.Equal("8a07bec0cd035171f8a47dbd122fd9ee1872bbbaf760db568d96351a", Convert.ToHexStringLower(box));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public void Opened_box_gives_the_message(int sizeBytes)
    {
        byte[] message = new byte[sizeBytes];
        new Random(3).NextBytes(message);
        byte[] box = new byte[sizeBytes + SecretBox.OverheadSize], opened = new byte[sizeBytes];
        SecretBox.Seal(box, message, _nonce, _key);
        Assert.True(SecretBox.TryOpen(opened, box, _nonce, _key));
        Assert.Equal(message, opened);
    }

    [Fact]
    public void Box_with_any_bit_flipped_does_not_open()
    {
        byte[] box = new byte[5 + SecretBox.OverheadSize], opened = new byte[5];
        SecretBox.Seal(box, "12345"u8, _nonce, _key);
        for (int bit = 0; bit < 8 * box.Length; bit++)
        {
            box[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(SecretBox.TryOpen(opened, box, _nonce, _key));
            box[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Box_cut_short_or_under_another_key_or_nonce_does_not_open()
    {
        byte[] box = new byte[5 + SecretBox.OverheadSize];
        SecretBox.Seal(box, "12345"u8, _nonce, _key);
        for (int size = 0; size < box.Length; size++)
        {
            Assert.False(SecretBox.TryOpen(new byte[Math.Max(0, size - SecretBox.OverheadSize)], box.AsSpan(0, size), _nonce, _key));
        }

        Assert.False(SecretBox.TryOpen(new byte[5], box, new byte[24], _key));
        Assert.False(SecretBox.TryOpen(new byte[5], box, _nonce, new byte[32]));
    }
}
