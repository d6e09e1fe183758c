using System.Diagnostics;
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
/// <para>The directory is listed when its time says that names in it may have changed. That time is as coarse as a tick of the kernel, so it counts for
/// "as listed" only when it was the same some ticks before the listing: whatever happens to the directory since has another time.</para>
/// Not safe for concurrent use.
/// </summary>
internal sealed class RocksDbLog(string directory) : IDisposable
{
    private readonly SortedDictionary<long, LogFile> _files = [];
    private readonly DirectoryHandle _directory = DirectoryHandle.Open(directory);

    /// <summary>Longer than any tick of the kernel's clock for times of files. Measured by a clock that nobody sets back.</summary>
    private static readonly TimeSpan Ticks = TimeSpan.FromMilliseconds(25);

    /// <summary>The time of the directory when it was listed last, and when it was first seen to have it.</summary>
    private UnixTime? _listed;
    private long _seenAt;

    /// <summary>Whether the files are all those of a directory of that time.</summary>
    private bool _isCertain;

    /// <summary>On return, everything that had been written to the log before the call survives power loss.</summary>
    /// <returns>Whether names in the directory may have changed since the call before.</returns>
    /// <exception cref="IOException">The disk failed; what is durable is not known.</exception>
    internal bool Sync()
    {
        foreach (LogFile file in _files.Values) file.Look();
        UnixTime changed = _directory.ModifyTime;
        bool mayHaveChanged = !_isCertain || changed != _listed;
        if (changed != _listed) (_listed, _seenAt) = (changed, Stopwatch.GetTimestamp());
        _isCertain = Stopwatch.GetElapsedTime(_seenAt) > Ticks;
        bool hasNew = mayHaveChanged && Refresh();
        foreach (LogFile file in _files.Values) file.Sync();
        if (hasNew) _directory.Sync();
        return mayHaveChanged;
    }

    public void Dispose()
    {
        foreach (LogFile file in _files.Values) file.Dispose();
        _files.Clear();
        _directory.Dispose();
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
                var file = new LogFile(UnixFile.Open(path, OpenFlags.ReadOnly), path);
                file.Look();
                _files.Add(number, file);
                hasNew = true;
            }
            catch (UnixException exception) when (exception.Error == Errno.ENOENT)
            {
                // Removed since it was listed: see above.
            }
        }

        foreach (long number in _files.Keys.Where(number => !present.Contains(number)).ToList())
        {
            _files[number].Dispose();
            _files.Remove(number);
        }

        return hasNew;
    }

    private sealed class LogFile(SafeFileHandle handle, string path) : IDisposable
    {
        private long _sizeBytes;
        private long _syncedSizeBytes = -1;

        /// <summary>Takes note of how long it is.</summary>
        internal void Look() => (_sizeBytes, _) = UnixFile.Describe(handle, path);

        /// <summary>Makes durable what was there at the last look.</summary>
        internal void Sync()
        {
            if (_sizeBytes == _syncedSizeBytes) return;
            UnixFile.SyncData(handle, path);
            _syncedSizeBytes = _sizeBytes;
        }

        public void Dispose() => handle.Dispose();
    }
}
