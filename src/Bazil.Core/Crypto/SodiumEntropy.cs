namespace Bazil.Core.Crypto;

/// <summary>The operating system's random source, through libsodium.</summary>
public sealed unsafe class SodiumEntropy : IEntropy
{
    public void Fill(Span<byte> buffer)
    {
        fixed (byte* bytes = buffer) Sodium.randombytes_buf(bytes, (nuint)buffer.Length);
    }
}
