namespace Bazil.Core;

/// <summary>A source of random bytes. The daemon passes libsodium's; a simulation passes a seeded one. Safe for concurrent use.</summary>
public interface IEntropy
{
    void Fill(Span<byte> buffer);
}
