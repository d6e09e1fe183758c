using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class ConstantTimeTests
{
    [Fact]
    public void Equality_is_that_of_the_bytes()
    {
        Assert.True(ConstantTime.AreEqual([], []));
        Assert.True(ConstantTime.AreEqual([1, 2, 3], [1, 2, 3]));
        Assert.False(ConstantTime.AreEqual([1, 2, 3], [1, 2, 4]));
        Assert.False(ConstantTime.AreEqual([1, 2, 3], [1, 2]));
    }

    [Fact]
    public void Wipe_zeroes_everything()
    {
        byte[] secret = [1, 2, 3];
        ConstantTime.Wipe(secret);
        Assert.Equal(new byte[3], secret);
    }

    [Fact]
    public void Entropy_fills_the_whole_buffer_differently_each_time()
    {
        byte[] first = new byte[64], second = new byte[64];
        new SodiumEntropy().Fill(first);
        new SodiumEntropy().Fill(second);
        Assert.NotEqual(first, second);
        Assert.Contains(first[32..], value => value != 0);
    }
}
