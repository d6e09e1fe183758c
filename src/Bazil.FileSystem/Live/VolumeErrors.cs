using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>The one place that turns failures below a volume into errnos.</summary>
internal static class VolumeErrors
{
    public static Errno? ToErrno(Exception exception) => exception switch
    {
        StoreException { IsDiskFull: true } => Errno.ENOSPC,
        KeyMissingException => Errno.ENOKEY,
        CorruptObjectException => Errno.EIO,
        ChunkNotFoundException => Errno.EIO,

        // A store that may have the content could not be asked: offline, not lost.
        StoreException { IsUnreachable: true } => Errno.EHOSTUNREACH,
        MetadataException => Errno.EIO,

        // A damaged row, or a damaged node of a snapshot.
        WireFormatException => Errno.EIO,
        TimeoutException => Errno.ETIMEDOUT,
        IOException => Errno.EIO,
        _ => null,
    };
}
