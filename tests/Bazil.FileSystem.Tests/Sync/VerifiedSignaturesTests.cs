using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Tests.Sync;

/// <summary>What was right is not worked out again, and vouches for nothing else.</summary>
public sealed class VerifiedSignaturesTests
{
    private readonly VerifiedSignatures _verified = new();
    private readonly SigningKey _key = SigningKey.FromSeed(new byte[SigningKey.SeedSize]);

    [Fact]
    public void What_was_right_is_checked_once()
    {
        byte[] statement = [1, 2, 3], signature = Sign(statement);
        for (int round = 0; round < 3; round++) Assert.True(_verified.IsValid(_key.PeerId, statement, signature));
        Assert.Equal(1, _verified.Checked);
    }

    [Fact]
    public void Everything_else_is_refused_each_time()
    {
        byte[] statement = [1, 2, 3], signature = Sign(statement);
        Assert.True(_verified.IsValid(_key.PeerId, statement, signature));
        SigningKey other = SigningKey.FromSeed([.. Enumerable.Repeat((byte)1, SigningKey.SeedSize)]);
        for (int round = 0; round < 2; round++)
        {
            Assert.False(_verified.IsValid(_key.PeerId, [1, 2, 4], signature));
            Assert.False(_verified.IsValid(_key.PeerId, [1, 2], signature));
            Assert.False(_verified.IsValid(other.PeerId, statement, signature));
            Assert.False(_verified.IsValid(_key.PeerId, statement, [.. signature[..^1], (byte)(signature[^1] ^ 1)]));
        }

        Assert.Equal(9, _verified.Checked);
    }

    [Fact]
    public void The_oldest_are_forgotten()
    {
        byte[] first = new byte[sizeof(int)], signature = Sign(first);
        Assert.True(_verified.IsValid(_key.PeerId, first, signature));
        for (int number = 1; number <= 5000; number++)
        {
            byte[] statement = BitConverter.GetBytes(number);
            Assert.True(_verified.IsValid(_key.PeerId, statement, Sign(statement)));
        }

        Assert.True(_verified.IsValid(_key.PeerId, first, signature));
        Assert.Equal(5002, _verified.Checked);
    }

    private byte[] Sign(ReadOnlySpan<byte> statement)
    {
        byte[] signature = new byte[Ed25519.SignatureSize];
        _key.Sign(statement, signature);
        return signature;
    }
}
