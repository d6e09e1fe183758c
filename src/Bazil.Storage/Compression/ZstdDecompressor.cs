using System.Runtime.InteropServices;

namespace Bazil.Storage.Compression;

/// <summary>A decompression context of zstd, about 150 KiB. One thread at a time; reused through <see cref="ZstdContexts{T}"/>.</summary>
internal sealed unsafe class ZstdDecompressor : SafeHandle
{
    public ZstdDecompressor()
        : base(0, ownsHandle: true)
    {
        SetHandle(Zstd.ZSTD_createDCtx());
        if (IsInvalid) throw new InvalidOperationException("zstd could not allocate a decompression context");
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>
    /// The size that a frame says its content has, without believing it: nothing is read beyond the header of the frame.
    /// False unless the bytes are exactly one frame that states its size.
    /// </summary>
    public static bool TryMeasure(ReadOnlySpan<byte> frame, out ulong contentSizeBytes)
    {
        fixed (byte* bytes = frame)
        {
            contentSizeBytes = Zstd.ZSTD_getFrameContentSize(bytes, (nuint)frame.Length);
            return contentSizeBytes < Zstd.ContentSizeErrorMin && Zstd.ZSTD_findFrameCompressedSize(bytes, (nuint)frame.Length) == (nuint)frame.Length;
        }
    }

    /// <summary>True when the frame is whole and its content fills the destination exactly. Never writes more than that, and needs no memory for a window.</summary>
    public bool TryDecompress(ReadOnlySpan<byte> frame, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        fixed (byte* frameBytes = frame, destinationBytes = destination)
        {
            // An error is a number larger than any size.
            return Zstd.ZSTD_decompressDCtx(handle, destinationBytes, (nuint)destination.Length, frameBytes, (nuint)frame.Length) == (nuint)destination.Length;
        }
    }

    protected override bool ReleaseHandle()
    {
        _ = Zstd.ZSTD_freeDCtx(handle);
        return true;
    }
}
