namespace Bazil.Fuse.Examples;

/// <summary>How much memory all files together may take. Thread-safe.</summary>
internal sealed class MemoryBudget(long capacityBytes)
{
    private long _used;

    internal long CapacityBytes { get; } = capacityBytes;

    internal long FreeBytes => Math.Max(0, CapacityBytes - Interlocked.Read(ref _used));

    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= CapacityBytes) return true;
        GiveBack(bytes);
        return false;
    }

    internal void GiveBack(long bytes) => Interlocked.Add(ref _used, -bytes);
}
