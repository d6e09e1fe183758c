using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <summary>Turns what the disk says into what a store says.</summary>
public static class StoreFailure
{
    /// <summary>Failures of the environment that are not named yet.</summary>
    public static bool IsEnvironmental(Exception exception) => exception is (IOException and not StoreException) or UnauthorizedAccessException;

    public static bool IsDiskFull(Exception exception) => exception is StoreException { IsDiskFull: true } || ErrorOf(exception) is Errno.ENOSPC or Errno.EDQUOT;

    /// <summary>A place of the disk that cannot be read, while the rest of it may be.</summary>
    public static bool IsUnreadable(Exception exception) => ErrorOf(exception) is Errno.EIO;

    /// <summary>The disk itself is not there any more.</summary>
    public static bool IsGone(Exception exception) => ErrorOf(exception) is Errno.ENXIO or Errno.ENODEV or Errno.ENOTCONN or Errno.ESTALE;

    public static StoreException Of(string store, string what, Exception exception)
    {
        string reason = ErrorOf(exception) switch
        {
            Errno.ENOSPC or Errno.EDQUOT => "the disk is full",
            Errno.EROFS => "it is on a read-only file system",
            Errno.EIO or Errno.ENXIO or Errno.ENODEV or Errno.ENOTCONN or Errno.ESTALE => $"its disk fails or is gone ({exception.Message})",
            _ => exception.Message,
        };
        return new StoreException($"store {store} {what}: {reason}", exception) { IsDiskFull = IsDiskFull(exception) };
    }

    /// <summary>The framework's own exceptions carry the error number as their HResult.</summary>
    private static Errno ErrorOf(Exception exception) => exception is UnixException unix ? unix.Error : (Errno)exception.HResult;
}
