namespace Bazil.Core.Crypto;

/// <summary>Handling of secrets in memory.</summary>
public static unsafe class ConstantTime
{
    /// <summary>Compares in a time that depends only on the lengths.</summary>
    public static bool AreEqual(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length) return false;
        fixed (byte* leftBytes = left, rightBytes = right)
        {
            return Sodium.sodium_memcmp(leftBytes, rightBytes, (nuint)left.Length) == 0;
        }
    }

    /// <summary>Zeroes memory that held a secret; never optimised away.</summary>
    public static void Wipe(Span<byte> secret)
    {
        fixed (byte* bytes = secret) Sodium.sodium_memzero(bytes, (nuint)secret.Length);
    }
}
