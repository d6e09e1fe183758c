using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <content>Opening.</content>
public sealed partial class ArenaStore
{
    /// <summary>
    /// Opens the store in a directory, which is made if it does not exist; its parent must. Takes time for the segments that have
    /// no index (usually the last one), not for the others. What was found wrong and repaired is in <see cref="Problems"/>.
    /// </summary>
    /// <param name="name">For messages.</param>
    /// <param name="directory">On a local file system.</param>
    /// <exception cref="StoreException">Not possible, read-only, made by a newer version, or in use by another process.</exception>
    public static ArenaStore Open(string name, string directory, ArenaOptions options)
    {
        try
        {
            return Open(name, new PooledSegmentDirectory(UnixSegmentDirectory.Open(name, directory), ArenaLimits.OpenFileCountMax), options);
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw StoreFailure.Of(name, $"cannot be opened in {directory}", exception);
        }
    }

    /// <summary>Whether a directory holds an arena store, of whatever version.</summary>
    public static bool Exists(string directory) => StoreFormat.IsStore(directory);

    /// <summary>Takes over the directory, also when it fails.</summary>
    internal static ArenaStore Open(string name, ISegmentDirectory directory, ArenaOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SegmentSizeBytesMax, ArenaLimits.SegmentSizeBytesMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SegmentSizeBytesMax, ArenaLimits.SegmentSizeBytesMax);
        try
        {
            return OpenWithReserve(name, directory, options);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>On a disk that is full to the last byte the reserve makes room for what opening has to write.</summary>
    private static ArenaStore OpenWithReserve(string name, ISegmentDirectory directory, ArenaOptions options)
    {
        try
        {
            return OpenOnce(name, directory, options);
        }
        catch (IOException exception) when (StoreFailure.IsDiskFull(exception))
        {
            directory.SetReserve(0);
            return OpenOnce(name, directory, options);
        }
    }

    private static ArenaStore OpenOnce(string name, ISegmentDirectory directory, ArenaOptions options)
    {
        OpenedSegments opened = new StoreOpening(name, directory, options).Run();
        try
        {
            return new ArenaStore(name, directory, options, opened);
        }
        catch
        {
            opened.Index.Dispose();
            foreach (Segment segment in opened.Segments.Values) segment.Dispose();
            throw;
        }
    }

    /// <summary>Ends the open segment before it is full: the next open then needs not scan it.</summary>
    private void Freeze()
    {
        lock (_append) _open = null;
    }

    /// <summary>The last segment says that all of it was synced, the catalog how full each is.</summary>
    private void Close()
    {
        try
        {
            lock (_append) _isClosing = true;
            Commit();
            if (_open is { } open)
            {
                if (open.Segment.NeedsMark) Mark(open.Segment);
                if (open.Segment.ObjectCount > ArenaLimits.ScanAtOpenCountMax) Freeze();
            }

            Seal(CancellationToken.None);
            if (PendingPunchCount > 0) Reclaim();
            SaveCatalog([]);
        }
        catch (Exception exception) when (StoreFailure.IsEnvironmental(exception))
        {
            throw FailedWrite("cannot be closed in order", exception);
        }
    }
}
