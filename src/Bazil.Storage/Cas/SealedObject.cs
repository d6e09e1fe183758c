using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Buffers;
using Bazil.Storage.Compression;

namespace Bazil.Storage.Cas;

/// <summary>
/// The format of objects, <c>docs/crypto.md</c>, "Object": one clear encoding byte, then what the encoding says. A new
/// encoding gets its case here. Pure.
/// </summary>
internal static class SealedObject
{
    public const string DoesNotOpen = "it does not open with this sharing key";

    /// <summary>The bytes that <see cref="Seal"/> works in: at least as many as the object has, whatever its encoding turns out to be.</summary>
    public static int WorkSizeOf(ReadOnlySpan<byte> plaintext, ChunkCompression compression)
    {
        int plainSize = plaintext.Length + PlainBox.OverheadSize;
        int frameSize = FrameSizeBytesMax(plaintext, compression);
        return frameSize > 0 ? Math.Max(plainSize, CompressedBox.OverheadSize + frameSize + CompressedBox.ScratchSize) : plainSize;
    }

    /// <summary>Seals a chunk, compressed where that is allowed and worth it. Returns the length of the object.</summary>
    /// <param name="work">Receives the object; <see cref="WorkSizeOf"/> bytes.</param>
    public static int Seal(
        SharingKey sharingKey, ChunkCompression compression, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> plaintext, Span<byte> work)
    {
        int frameSizeMax = FrameSizeBytesMax(plaintext, compression);
        int frameSize = frameSizeMax > 0 ? ChunkCompressor.Compress(plaintext, work.Slice(CompressedBox.FrameOffset, frameSizeMax)) : 0;
        if (frameSize > 0)
        {
            int size = CompressedBox.OverheadSize + frameSize;
            CompressedBox.SealInPlace(sharingKey, type, level, key, frameSize, work[..(size + CompressedBox.ScratchSize)]);
            return size;
        }

        int plainSize = plaintext.Length + PlainBox.OverheadSize;
        PlainBox.Seal(sharingKey, type, level, key, plaintext, work[..plainSize]);
        return plainSize;
    }

    public static bool IsKnown(byte encoding) => encoding <= (byte)ObjectEncoding.Compressed;

    /// <summary>
    /// Opens an object of a known encoding. Returns its plaintext, which the caller disposes, or null and why the object
    /// cannot be that of this chunk. Memory is taken only after the size was checked.
    /// </summary>
    /// <param name="sizeBytesMax">The largest plaintext that is accepted.</param>
    public static IMemoryOwner<byte>? TryOpen(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, int sizeBytesMax, out string reason)
    {
        if (sealedObject.IsEmpty)
        {
            reason = "it is empty";
            return null;
        }

        bool isPlain = sealedObject[0] == (byte)ObjectEncoding.Plain;
        int boxedSize = sealedObject.Length - (isPlain ? PlainBox.OverheadSize : CompressedBox.OverheadSize);
        if (boxedSize <= 0) reason = $"it is cut short to {sealedObject.Length} bytes";
        else if (boxedSize > sizeBytesMax) reason = TooLarge((ulong)boxedSize, sizeBytesMax); // a frame is shorter than its content
        else if (isPlain) return OpenPlain(sharingKey, type, level, key, sealedObject, boxedSize, out reason);
        else return OpenCompressed(sharingKey, type, level, key, sealedObject, sizeBytesMax, out reason);
        return null;
    }

    private static IMemoryOwner<byte>? OpenPlain(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, int sizeBytes, out string reason)
    {
        IMemoryOwner<byte> plaintext = BufferPool.Shared.Rent(sizeBytes);
        bool isOpen = PlainBox.TryOpen(sharingKey, type, level, key, sealedObject, plaintext.Memory.Span);
        reason = isOpen ? "" : DoesNotOpen;
        return KeepIf(isOpen, plaintext);
    }

    private static IMemoryOwner<byte>? OpenCompressed(
        SharingKey sharingKey, ChunkType type, byte level, in ChunkKey key, ReadOnlySpan<byte> sealedObject, int sizeBytesMax, out string reason)
    {
        using IMemoryOwner<byte> work = BufferPool.Shared.Rent(CompressedBox.WorkSizeOf(sealedObject));
        if (!CompressedBox.TryOpen(sharingKey, type, level, key, sealedObject, work.Memory.Span, out ReadOnlySpan<byte> frame, out reason)) return null;

        if (!ZstdDecompressor.TryMeasure(frame, out ulong sizeBytes) || sizeBytes == 0) reason = "it does not hold exactly one zstd frame that states its size";
        else if (sizeBytes > (ulong)sizeBytesMax) reason = TooLarge(sizeBytes, sizeBytesMax);
        if (reason.Length > 0) return null;

        IMemoryOwner<byte> plaintext = BufferPool.Shared.Rent((int)sizeBytes);
        bool isWhole = ChunkCompressor.TryDecompress(frame, plaintext.Memory.Span);
        if (!isWhole) reason = "its zstd frame is damaged";
        return KeepIf(isWhole, plaintext);
    }

    private static IMemoryOwner<byte>? KeepIf(bool isRight, IMemoryOwner<byte> plaintext)
    {
        if (isRight) return plaintext;
        plaintext.Dispose();
        return null;
    }

    private static string TooLarge(ulong sizeBytes, int sizeBytesMax) => $"its content of {sizeBytes} bytes exceeds the {sizeBytesMax} bytes of a chunk here";

    private static int FrameSizeBytesMax(ReadOnlySpan<byte> plaintext, ChunkCompression compression) => compression == ChunkCompression.None
        ? 0
        : ChunkCompressor.FrameSizeBytesMax(plaintext.Length, CompressedBox.OverheadSize - PlainBox.OverheadSize);
}
