namespace Bazil.Core.Crypto;

/// <summary>BLAKE2b (RFC 7693) with key, salt and personalisation. Safe for concurrent use.</summary>
public static unsafe class Blake2b
{
    public const int HashSizeMin = 16;
    public const int HashSizeMax = 64;
    public const int KeySizeMax = 64;
    public const int SaltSize = 16;
    public const int PersonalSize = 16;

    /// <summary>Hashes <paramref name="data"/> into <paramref name="hash"/>, whose length (16 to 64) is a parameter of the hash.</summary>
    /// <param name="key">Empty for none, or 16 to 64 bytes.</param>
    /// <param name="salt">Empty for zeros, or 16 bytes.</param>
    /// <param name="personal">Empty for zeros, or 16 bytes.</param>
    public static void Hash(
        ReadOnlySpan<byte> data,
        Span<byte> hash,
        ReadOnlySpan<byte> key = default,
        ReadOnlySpan<byte> salt = default,
        ReadOnlySpan<byte> personal = default)
    {
        CheckParameters(hash.Length, key, salt, personal);
        int result;
        fixed (byte* dataBytes = data, hashBytes = hash, keyBytes = key, saltBytes = salt, personalBytes = personal)
        {
            result = Sodium.crypto_generichash_blake2b_salt_personal(
                hashBytes, (nuint)hash.Length, dataBytes, (ulong)data.Length, keyBytes, (nuint)key.Length, saltBytes, personalBytes);
        }

        Invariant.Check(result == 0);
    }

    internal static void CheckParameters(int hashSize, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> personal)
    {
        if (hashSize is < HashSizeMin or > HashSizeMax) throw new ArgumentException($"a BLAKE2b hash has {HashSizeMin} to {HashSizeMax} bytes, not {hashSize}");
        if (key.Length is not 0 and (< HashSizeMin or > KeySizeMax)) throw new ArgumentException($"a BLAKE2b key has 16 to 64 bytes, not {key.Length}");
        if (salt.Length is not 0 and not SaltSize) throw new ArgumentException($"a BLAKE2b salt has {SaltSize} bytes, not {salt.Length}");
        if (personal.Length is not 0 and not PersonalSize) throw new ArgumentException($"a BLAKE2b personalisation has {PersonalSize} bytes, not {personal.Length}");
    }
}
