using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>
/// Encoding 0, <c>docs/crypto.md</c>, "Object":
/// <code>
///   0        1                     17
///   +--------+---------------------+------------------------+
///   | 0      | Poly1305 tag (16)   | ciphertext             |
///   +--------+---------------------+------------------------+
/// </code>
/// One nonce covers one plaintext, for both are functions of the chunk key.
/// </summary>
internal static class PlainBox
{
    private const int HeaderSize = 1;

    /// <summary>The bytes that it adds to a plaintext.</summary>
    public const int OverheadSize = HeaderSize + SecretBox.OverheadSize;

    /// <param name="sealedObject">Receives <c>plaintext.Length + OverheadSize</c> bytes.</param>
    public static void Seal(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> plaintext, Span<byte> sealedObject)
    {
        Span<byte> nonce = stackalloc byte[SecretBox.NonceSize];
        ObjectNaming.WriteNonce(type, level, key, nonce);
        sealedObject[0] = (byte)ObjectEncoding.Plain;
        using SecretLease secret = sharingKey.Borrow();
        SecretBox.Seal(sealedObject[HeaderSize..], plaintext, nonce, secret.Span);
    }

    /// <summary>False when it is not the box of this chunk under this key.</summary>
    /// <param name="plaintext">Receives <c>sealedObject.Length - OverheadSize</c> bytes.</param>
    public static bool TryOpen(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[SecretBox.NonceSize];
        ObjectNaming.WriteNonce(type, level, key, nonce);
        using SecretLease secret = sharingKey.Borrow();
        return SecretBox.TryOpen(plaintext, sealedObject[HeaderSize..], nonce, secret.Span);
    }
}
