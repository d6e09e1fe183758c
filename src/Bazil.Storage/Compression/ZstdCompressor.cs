using System.Runtime.InteropServices;
using Bazil.Core;

namespace Bazil.Storage.Compression;

/// <summary>A compression context of zstd, about 1 MiB. One thread at a time; reused through <see cref="ZstdContexts{T}"/>.</summary>
internal sealed unsafe class ZstdCompressor : SafeHandle
{
    public ZstdCompressor()
        : base(0, ownsHandle: true)
    {
        SetHandle(Zstd.ZSTD_createCCtx());
        if (IsInvalid) throw new InvalidOperationException("zstd could not allocate a compression context");
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>
    /// Writes one frame that states the size of its content. Returns its length, or 0 when it does not fit the destination:
    /// the caller makes that as large as is worth it.
    /// </summary>
    public int Compress(ReadOnlySpan<byte> source, Span<byte> destination, int level)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        nuint result;
        fixed (byte* sourceBytes = source, destinationBytes = destination)
        {
            result = Zstd.ZSTD_compressCCtx(handle, destinationBytes, (nuint)destination.Length, sourceBytes, (nuint)source.Length, level);
        }

        if (Zstd.ZSTD_isError(result) == 0) return (int)result;
        Invariant.Check(Zstd.ZSTD_getErrorCode(result) == Zstd.ErrorDestinationTooSmall);
        return 0;
    }

    protected override bool ReleaseHandle()
    {
        _ = Zstd.ZSTD_freeCCtx(handle);
        return true;
    }
}
