using Bazil.Storage.Arena.Disk;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.Storage.Arena;

/// <summary>
/// Keeps the store from filling the disk. Below the floor no object is taken: what is left belongs to the metadata, which
/// usually shares the disk, and to deletion. When others eat into that too, the reserve, a file of allocated and unused
/// bytes, is given back to the disk; it is taken again when there is room. The disk is asked once a second, or when the
/// bytes it had are used up, not for each put. Safe for concurrent use.
/// </summary>
internal sealed class FreeSpaceWatch(string storeName, ISegmentDirectory directory, ArenaOptions options)
{
    private const int ReserveShareOfFloor = 4;
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new(); // guards everything below; innermost
    private long _measuredAt;
    private long _budget;
    private bool _hasMeasured;
    private bool _hasReserve;

    /// <summary>Counts bytes that are about to be written.</summary>
    /// <exception cref="StoreException">There is no room for them.</exception>
    public void Take(long sizeBytes)
    {
        lock (_lock)
        {
            if (!_hasMeasured || _budget < sizeBytes || options.Clock.GetElapsedTime(_measuredAt) > _interval) MeasureLocked();
            if (_budget < sizeBytes) throw new StoreException($"store {storeName} takes no more objects: the disk is full") { IsDiskFull = true };
            _budget -= sizeBytes;
        }
    }

    /// <summary>Whether there was room for so much, and some more, when the disk was last looked at.</summary>
    public bool HasRoom(long sizeBytes)
    {
        lock (_lock) return _budget > 2 * sizeBytes;
    }

    /// <summary>Looks at the disk now: gives the reserve back to it or takes it again.</summary>
    public void Measure()
    {
        lock (_lock) MeasureLocked();
    }

    /// <summary>The disk said that it is full: whatever the numbers say, the reserve is needed now.</summary>
    public void ReleaseReserve()
    {
        lock (_lock)
        {
            Release();
            _hasMeasured = false;
        }
    }

    private void MeasureLocked()
    {
        DiskSpace space = directory.Measure();
        long floor = options.FreeFloorBytes ?? ArenaOptions.DefaultFloorBytes(space.TotalBytes);
        long reserve = floor / ReserveShareOfFloor;
        if (!_hasReserve && space.UsableBytes >= floor + (2 * reserve)) TakeReserve(reserve);
        else if (space.UsableBytes < floor / 2) Release();
        _budget = space.UsableBytes - floor - (_hasReserve ? 0 : reserve);
        _measuredAt = options.Clock.GetTimestamp();
        _hasMeasured = true;
    }

    private void TakeReserve(long sizeBytes)
    {
        try
        {
            directory.SetReserve(sizeBytes);
            _hasReserve = true;
        }
        catch (UnixException)
        {
            // No room, or a file system that cannot reserve: the floor alone has to do.
        }
    }

    private void Release()
    {
        try
        {
            directory.SetReserve(0);
        }
        catch (UnixException)
        {
            // Nothing to be done: the operation that needs the space will say that the disk is full.
        }

        _hasReserve = false;
    }
}
