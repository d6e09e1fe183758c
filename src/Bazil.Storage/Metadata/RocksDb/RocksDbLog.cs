using System.Globalization;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Storage.Metadata.RocksDb;

/// <summary>
/// Makes the write-ahead log durable: syncs its files (<c>NUMBER.log</c>, of which several live at a time) by our own
/// descriptors instead of by <c>rocksdb_flush_wal</c>. A sync that meets a log whose last write has just failed on another
/// thread ends the process by an assertion in Debian's build of the library (7.8), and nothing outside the library can
/// order the two. Every commit has passed write(2) when it returns, so the files hold all that a sync has to cover. A
/// file that is gone was flushed to a table, which the library syncs before it removes the log.
/// Not safe for concurrent use.
/// </summary>
internal sealed class RocksDbLog(string directory) : IDisposable
{
    private readonly SortedDictionary<long, LogFile> _files = [];

    /// <summary>On return, everything that had been written to the log before the call survives power loss.</summary>
    /// <exception cref="IOException">The disk failed; what is durable is not known.</exception>
    internal void Sync()
    {
        bool hasNew = Refresh();
        foreach (LogFile file in _files.Values)
        {
            long size = RandomAccess.GetLength(file.Handle);
            if (size == file.SyncedSizeBytes) continue;
            UnixFile.SyncData(file.Handle, file.Path);
            file.SyncedSizeBytes = size;
        }

        if (hasNew) DirectoryHandle.Sync(directory);
    }

    public void Dispose()
    {
        foreach (LogFile file in _files.Values) file.Handle.Dispose();
        _files.Clear();
    }

    /// <summary>Opens new files and drops those that were removed. True when there are new ones.</summary>
    private bool Refresh()
    {
        bool hasNew = false;
        HashSet<long> present = [];
        foreach (string path in Directory.EnumerateFiles(directory, "*.log"))
        {
            if (!long.TryParse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out long number)) continue;
            present.Add(number);
            if (_files.ContainsKey(number)) continue;
            try
            {
                _files.Add(number, new LogFile(UnixFile.Open(path, OpenFlags.ReadOnly), path));
                hasNew = true;
            }
            catch (UnixException exception) when (exception.Error == Errno.ENOENT)
            {
                // Removed since it was listed: see above.
            }
        }

        foreach (long number in _files.Keys.Where(number => !present.Contains(number)).ToList())
        {
            _files[number].Handle.Dispose();
            _files.Remove(number);
        }

        return hasNew;
    }

    private sealed class LogFile(SafeFileHandle handle, string path)
    {
        internal SafeFileHandle Handle { get; } = handle;

        internal string Path { get; } = path;

        internal long SyncedSizeBytes { get; set; } = -1;
    }
}
