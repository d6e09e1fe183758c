using Bazil.Core;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>Bytes that a seed determines.</summary>
internal sealed class SeededEntropy(int seed) : IEntropy
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> buffer) => _random.NextBytes(buffer);
}
