namespace Bazil.Core.Crypto;

/// <summary>
/// NaCl's secretbox (XSalsa20-Poly1305): authenticated encryption. A box is a 16-byte tag and the ciphertext. One nonce
/// must never cover two messages under one key. Safe for concurrent use.
/// </summary>
public static unsafe class SecretBox
{
    public const int KeySize = 32;
    public const int NonceSize = 24;
    public const int OverheadSize = 16;

    /// <param name="box">Receives <c>message.Length + OverheadSize</c> bytes.</param>
    public static void Seal(Span<byte> box, ReadOnlySpan<byte> message, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        CheckSizes(nonce, key);
        if (box.Length != message.Length + OverheadSize) throw new ArgumentException($"the box of {message.Length} bytes has {message.Length + OverheadSize}, not {box.Length}");
        int result;
        fixed (byte* boxBytes = box, messageBytes = message, nonceBytes = nonce, keyBytes = key)
        {
            result = Sodium.crypto_secretbox_easy(boxBytes, messageBytes, (ulong)message.Length, nonceBytes, keyBytes);
        }

        Invariant.Check(result == 0);
    }

    /// <summary>Returns false, with the message undefined, when the box was not sealed under this nonce and key, or was changed.</summary>
    /// <param name="message">Receives <c>box.Length - OverheadSize</c> bytes.</param>
    public static bool TryOpen(Span<byte> message, ReadOnlySpan<byte> box, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        CheckSizes(nonce, key);
        if (box.Length < OverheadSize) return false;
        if (message.Length != box.Length - OverheadSize) throw new ArgumentException($"the message of a box of {box.Length} bytes has {box.Length - OverheadSize}, not {message.Length}");
        fixed (byte* boxBytes = box, messageBytes = message, nonceBytes = nonce, keyBytes = key)
        {
            return Sodium.crypto_secretbox_open_easy(messageBytes, boxBytes, (ulong)box.Length, nonceBytes, keyBytes) == 0;
        }
    }

    private static void CheckSizes(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> key)
    {
        if (nonce.Length != NonceSize) throw new ArgumentException($"a nonce must be exactly {NonceSize} bytes, not {nonce.Length}");
        if (key.Length != KeySize) throw new ArgumentException($"a secretbox key must be exactly {KeySize} bytes, not {key.Length}");
    }
}
