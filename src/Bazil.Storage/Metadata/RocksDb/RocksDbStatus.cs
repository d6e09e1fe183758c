using System.Runtime.InteropServices;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>Turns the C API's error texts into exceptions. The text is all that the C API gives.</summary>
internal static unsafe class RocksDbStatus
{
    /// <summary>Makes the exception, and frees the native text.</summary>
    internal static MetadataException ToException(RocksDbApi api, byte* error, string what, string directory)
    {
        string status = Marshal.PtrToStringUTF8((nint)error) ?? "unknown error";
        api.Free(error);
        return ToException(status, what, directory);
    }

    internal static MetadataException ToException(string status, string what, string directory)
    {
        MetadataFailure failure = Classify(status);
        string message = $"cannot {what} the metadata database {directory}: {Reason(failure)} ({status.TrimEnd('\n')}). {Advice(failure)}";
        return new MetadataException(message, failure);
    }

    private static MetadataFailure Classify(string status)
    {
        // The order matters: a full disk may be reported as damage or as an I/O error with the text of the errno.
        if (Has("No space left on device") || Has("Disk quota exceeded")) return MetadataFailure.DiskFull;
        if (Has("lock hold by current process") || Has("While lock file")) return MetadataFailure.Locked;
        if (Has("create_if_missing is false")) return MetadataFailure.Missing;
        if (Has("error_if_exists is true")) return MetadataFailure.Exists;
        if (status.StartsWith("Corruption", StringComparison.Ordinal)) return MetadataFailure.Damaged;
        // A table or log that the list of files names and that is not there.
        if (Has("No such file or directory")) return MetadataFailure.Damaged;
        if (status.StartsWith("Not implemented", StringComparison.Ordinal)
            || status.StartsWith("Invalid argument", StringComparison.Ordinal)) return MetadataFailure.Unsupported;
        return MetadataFailure.Io;

        bool Has(string text) => status.Contains(text, StringComparison.Ordinal);
    }

    private static string Reason(MetadataFailure failure) => failure switch
    {
        MetadataFailure.DiskFull => "the disk is full",
        MetadataFailure.Locked => "another process has it open",
        MetadataFailure.Missing => "there is none",
        MetadataFailure.Exists => "there is already one",
        MetadataFailure.Damaged => "it is damaged",
        MetadataFailure.Unsupported => "it was written by a newer or differently built version",
        _ => "the disk reported an error",
    };

    private static string Advice(MetadataFailure failure) => failure switch
    {
        MetadataFailure.DiskFull => "Free some space and start again",
        MetadataFailure.Locked => "Stop the other daemon that uses this data directory",
        MetadataFailure.Missing => "Check the path of the data directory; if it is right, the database was deleted: restore it from a backup",
        MetadataFailure.Exists => "Choose another directory",
        MetadataFailure.Damaged => "Check the disk, then get back what can be got: bazil server repair",
        MetadataFailure.Unsupported => "Use the version that wrote it",
        _ => "Check the disk and the kernel log, then start again",
    };
}
