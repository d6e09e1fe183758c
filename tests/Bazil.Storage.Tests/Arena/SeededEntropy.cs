using Bazil.Core;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Random bytes that a seed repeats.</summary>
internal sealed class SeededEntropy(Random random) : IEntropy
{
    private readonly Lock _lock = new(); // guards random

    public void Fill(Span<byte> buffer)
    {
        lock (_lock) random.NextBytes(buffer);
    }
}
