using System.Buffers.Binary;
using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Storage.Cas;

/// <summary>
/// Encoding 1, <c>docs/crypto.md</c>, "Object":
/// <code>
///   0        1              25                    41
///   +--------+--------------+---------------------+------------------------+
///   | 1      | nonce (24)   | Poly1305 tag (16)   | ciphertext             |
///   +--------+--------------+---------------------+------------------------+
/// </code>
/// Two machines, or two versions of zstd, may compress one chunk to different frames, and one nonce must never cover two
/// messages. So the nonce is a hash over the frame and its length and the chunk's name, keyed by the sharing key: unkeyed, it would let a
/// store confirm files it guesses. The reader computes it again, for the tag alone would also accept what another holder of the key
/// sealed under a nonce that already covers something else.
/// <para>The hash runs over one piece of memory: the frame, with its length before it and the name behind it.</para>
/// </summary>
internal static class CompressedBox
{
    private const int NonceOffset = 1;
    private const int BoxOffset = NonceOffset + SecretBox.NonceSize;

    /// <summary>Where the frame stands, before it is sealed in place.</summary>
    public const int FrameOffset = BoxOffset + SecretBox.OverheadSize;

    /// <summary>The bytes that it adds to a frame.</summary>
    public const int OverheadSize = FrameOffset;

    /// <summary>Bytes that sealing uses behind the frame.</summary>
    public const int ScratchSize = ObjectNaming.NameSize;

    private const int LengthSize = sizeof(ulong);

    /// <summary>Seals the frame that stands at <see cref="FrameOffset"/> where it is. The object is the first <c>frameSizeBytes + OverheadSize</c> bytes; those behind it are zeroed.</summary>
    /// <param name="buffer"><c>frameSizeBytes + OverheadSize + ScratchSize</c> bytes.</param>
    public static void SealInPlace(SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, int frameSizeBytes, Span<byte> buffer)
    {
        using SecretLease secret = sharingKey.Borrow();
        Span<byte> nonce = buffer.Slice(NonceOffset, SecretBox.NonceSize);
        WriteNonce(secret.Span, type, level, key, frameSizeBytes, buffer.Slice(FrameOffset - LengthSize, LengthSize + frameSizeBytes + ScratchSize), nonce);
        buffer[0] = (byte)ObjectEncoding.Compressed;
        SecretBox.Seal(buffer.Slice(BoxOffset, SecretBox.OverheadSize + frameSizeBytes), buffer.Slice(FrameOffset, frameSizeBytes), nonce, secret.Span);
        buffer.Slice(FrameOffset + frameSizeBytes, ScratchSize).Clear();
    }

    /// <summary>The bytes that <see cref="TryOpen"/> works in.</summary>
    public static int WorkSizeOf(ReadOnlySpan<byte> sealedObject) => LengthSize + sealedObject.Length - OverheadSize + ScratchSize;

    /// <summary>Opens the box and checks its nonce. Returns the frame, which lies in the work memory, or says why the object is not one of ours.</summary>
    public static bool TryOpen(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, Span<byte> work, out ReadOnlySpan<byte> frame, out string reason)
    {
        int frameSizeBytes = sealedObject.Length - OverheadSize;
        Span<byte> opened = work.Slice(LengthSize, frameSizeBytes);
        ReadOnlySpan<byte> nonce = sealedObject.Slice(NonceOffset, SecretBox.NonceSize);
        frame = default;
        using SecretLease secret = sharingKey.Borrow();
        if (!SecretBox.TryOpen(opened, sealedObject[BoxOffset..], nonce, secret.Span))
        {
            reason = SealedObject.DoesNotOpen;
            return false;
        }

        Span<byte> expected = stackalloc byte[SecretBox.NonceSize];
        WriteNonce(secret.Span, type, level, key, frameSizeBytes, work, expected);
        if (!ConstantTime.AreEqual(expected, nonce))
        {
            reason = "its nonce is not that of its content";
            return false;
        }

        frame = opened;
        reason = "";
        return true;
    }

    /// <param name="framed">Room for the length, the frame, and room for the name.</param>
    private static void WriteNonce(
        ReadOnlySpan<byte> secret, ChunkType type, byte level, in ChunkKey key, int frameSizeBytes, Span<byte> framed, Span<byte> nonce)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(framed, (ulong)frameSizeBytes);
        ObjectNaming.WriteName(type, level, key, framed[(LengthSize + frameSizeBytes)..]);
        Blake2b.Hash(framed, nonce, key: secret, personal: "bazil-crypt-zstd"u8);
    }
}
