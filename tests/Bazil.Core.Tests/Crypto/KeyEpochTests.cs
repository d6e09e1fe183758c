using Bazil.Core.Crypto;

namespace Bazil.Core.Tests.Crypto;

public sealed class KeyEpochTests
{
    [Fact]
    public void Numbers_are_frozen()
    {
        var key = new KeyFingerprint(UInt128.Parse("bbc0c09d5c4f14050d2c167f660a5b59", System.Globalization.NumberStyles.HexNumber, null));
        Assert.Equal(1u, new KeyEpoch(1, key).Number);
        Assert.Equal(0x002bbc0cu, new KeyEpoch(2, key).Number);
        Assert.Equal(0xfffbbc0cu, new KeyEpoch(KeyEpoch.GenerationMax, key).Number);
        Assert.Equal(0u, default(KeyEpoch).Number);
    }

    [Fact]
    public void Numbers_are_ordered_as_epochs_are()
    {
        var random = new Random(1);
        KeyEpoch[] epochs = [.. Enumerable.Range(0, 500).Select(_ => new KeyEpoch((uint)random.Next(1, 5), new KeyFingerprint(((UInt128)random.NextInt64() << 65) | 1)))];
        Assert.Equal(epochs.OrderBy(epoch => epoch.Number).Select(epoch => epoch.Generation), epochs.Order().Select(epoch => epoch.Generation));
        foreach (KeyEpoch left in epochs)
        {
            foreach (KeyEpoch right in epochs.Where(right => left.CompareTo(right) < 0)) Assert.True(left.Number <= right.Number);
        }
    }
}
