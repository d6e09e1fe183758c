using System.Reflection;
using System.Runtime.InteropServices;
using Bazil.Core;

namespace Bazil.Storage.Compression;

/// <summary>
/// All functions of zstd (<c>zstd.h</c>, 1.4 and newer) that are used. Loaded at the first call, which throws
/// <see cref="NativeLibraryMissingException"/> when the library is absent. Those without a context are safe for concurrent use.
/// </summary>
internal static unsafe partial class Zstd
{
    /// <summary>What <see cref="ZSTD_getFrameContentSize"/> returns from here on means that the size is unknown or the bytes are no frame.</summary>
    internal const ulong ContentSizeErrorMin = ulong.MaxValue - 1;

    /// <summary><c>ZSTD_error_dstSize_tooSmall</c> (<c>zstd_errors.h</c>).</summary>
    internal const int ErrorDestinationTooSmall = 70;

    private const string Library = "libzstd";
    private const string Package = "libzstd1";

    static Zstd() => NativeLibrary.SetDllImportResolver(typeof(Zstd).Assembly, Resolve);

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressCCtx(nint context, byte* destination, nuint capacity, byte* source, nuint size, int level);

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(nint context, byte* destination, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial ulong ZSTD_getFrameContentSize(byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_findFrameCompressedSize(byte* source, nuint size);

    [LibraryImport(Library)]
    internal static partial uint ZSTD_isError(nuint result);

    [LibraryImport(Library)]
    internal static partial int ZSTD_getErrorCode(nuint result);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name == Library ? NativeLibraryLoader.Load(Library, Package, "libzstd.so.1") : 0;
}
