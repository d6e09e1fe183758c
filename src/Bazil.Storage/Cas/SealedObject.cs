using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>
/// The format of objects, <c>docs/crypto.md</c>, "Object": one clear encoding byte, then what the encoding says.
/// <code>
///   0        1                     17
///   +--------+---------------------+------------------------+
///   | 0      | Poly1305 tag (16)   | ciphertext             |   encoding 0
///   +--------+---------------------+------------------------+
/// </code>
/// </summary>
internal static class SealedObject
{
    private const int HeaderSize = 1;

    /// <summary>The bytes that <see cref="ObjectEncoding.Plain"/> adds to a plaintext.</summary>
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

    public static bool IsKnown(byte encoding) => encoding == (byte)ObjectEncoding.Plain;

    /// <summary>
    /// Says how long the plaintext of a known encoding is, or why the object cannot be one of ours. A new encoding gets its
    /// case here, in <see cref="TryOpen"/> and in <see cref="IsKnown"/>.
    /// </summary>
    public static bool TryMeasure(ReadOnlySpan<byte> sealedObject, int sizeBytesMax, out int sizeBytes, out string reason)
    {
        sizeBytes = 0;
        reason = "";
        if (sealedObject.IsEmpty) reason = "it is empty";
        else if (sealedObject.Length <= OverheadSize) reason = $"it is cut short to {sealedObject.Length} bytes";
        else sizeBytes = sealedObject.Length - OverheadSize;

        if (sizeBytes > sizeBytesMax) reason = $"its content of {sizeBytes} bytes exceeds the {sizeBytesMax} bytes of a chunk here";
        return reason.Length == 0;
    }

    /// <summary>Opens what <see cref="TryMeasure"/> accepted; false when it is not the box of this chunk under this key.</summary>
    public static bool TryOpen(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[SecretBox.NonceSize];
        ObjectNaming.WriteNonce(type, level, key, nonce);
        using SecretLease secret = sharingKey.Borrow();
        return SecretBox.TryOpen(plaintext, sealedObject[HeaderSize..], nonce, secret.Span);
    }
}
