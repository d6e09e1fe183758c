using Bazil.Core;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>Random bytes from a seed.</summary>
internal sealed class SeededEntropy(Random random) : IEntropy
{
    public void Fill(Span<byte> buffer) => random.NextBytes(buffer);
}
