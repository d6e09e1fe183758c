using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// An open database. Iterators and snapshots hold a reference (<see cref="Enter"/>), so that the
/// database closes when the last of them is gone, never under their feet.
/// </summary>
internal sealed unsafe class RocksDbDatabase : SafeHandleZeroOrMinusOneIsInvalid
{
    private volatile bool _abandoned;

    private RocksDbDatabase(RocksDbApi api, nint value, string directory)
        : base(ownsHandle: true)
    {
        Api = api;
        Directory = directory;
        SetHandle(value);
    }

    internal RocksDbApi Api { get; }

    internal string Directory { get; }

    /// <summary>The pointer. The caller holds a reference while it is in use.</summary>
    internal nint Value => handle;

    /// <exception cref="MetadataException">It cannot be opened; the failure says why.</exception>
    internal static RocksDbDatabase Open(RocksDbApi api, string directory, bool create)
    {
        CheckPresence(directory, create);
        if (!create) RocksDbManifestGuard.Check(directory);
        using RocksDbObject options = new RocksDbSettings(api).Create(create);
        return Open(api, options, directory);
    }

    /// <summary>Opens a copy of a damaged database as far as it goes.</summary>
    /// <exception cref="MetadataException">It cannot be opened at all.</exception>
    internal static RocksDbDatabase OpenForSalvage(RocksDbApi api, RocksDbObject options, string directory)
    {
        CheckPresence(directory, create: false);
        return Open(api, options, directory);
    }

    private static RocksDbDatabase Open(RocksDbApi api, RocksDbObject options, string directory)
    {
        byte[] path = Encoding.UTF8.GetBytes(directory + "\0");
        byte* error = null;
        nint database;
        fixed (byte* pathPointer = path) database = api.Open(options.Value, pathPointer, &error);
        if (error != null) throw RocksDbStatus.ToException(api, error, "open", directory);
        return new RocksDbDatabase(api, database, directory);
    }

    /// <summary>Takes a reference; the database then stays open until <see cref="Leave"/>.</summary>
    /// <exception cref="ObjectDisposedException">The store was disposed.</exception>
    internal void Enter()
    {
        bool entered = false;
        DangerousAddRef(ref entered);
    }

    internal void Leave() => DangerousRelease();

    /// <summary>
    /// After a failed write or scan: the database will not be closed, only dropped with the process. Closing flushes the log, which
    /// ends the process by an assertion in Debian's build of the library (7.8). Its lock is held until then.
    /// </summary>
    internal void Abandon() => _abandoned = true;

    protected override bool ReleaseHandle()
    {
        if (!_abandoned) Api.Close(handle);
        return true;
    }

    /// <summary>
    /// The library would make a new, empty database where only the file CURRENT is lost, and leave a directory behind
    /// where there is none.
    /// </summary>
    private static void CheckPresence(string directory, bool create)
    {
        if (File.Exists(Path.Combine(directory, "CURRENT"))) return;
        bool hasData = System.IO.Directory.Exists(directory)
            && System.IO.Directory.EnumerateFiles(directory).Any(file => Path.GetExtension(file) is ".sst" or ".log");
        if (hasData) throw RocksDbStatus.ToException("Corruption: the file CURRENT is missing", create ? "create" : "open", directory);
        if (!create) throw RocksDbStatus.ToException("no file CURRENT, create_if_missing is false", "open", directory);
    }
}
