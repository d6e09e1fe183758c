namespace Bazil.Core.Crypto;

/// <summary>Access to the bytes of a secret for as long as it is not disposed. Do not copy it; dispose it exactly once.</summary>
public readonly ref struct SecretLease
{
    private readonly SecretMemory _owner;
    private readonly Span<byte> _bytes;

    internal SecretLease(SecretMemory owner, Span<byte> bytes)
    {
        _owner = owner;
        _bytes = bytes;
    }

    public ReadOnlySpan<byte> Span => _bytes;

    internal Span<byte> Writable => _bytes;

    public void Dispose() => _owner.DangerousRelease();
}
