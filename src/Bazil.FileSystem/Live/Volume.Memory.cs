using Bazil.Core.Memory;

namespace Bazil.FileSystem.Live;

// What the volume keeps in memory. An idle inode has nothing there: the kernel's node id is the inode number.
public sealed partial class Volume
{
    // Roughly what an entry of each table costs, the dictionary's part included.
    private const int OpenFileBytes = 1200;
    private const int WaitingBytes = 120;
    private const int NamelessBytes = 1300;
    private const int TableEntryBytes = 300;

    private Func<int>? _tableCount;

    /// <summary>The caches and tables of this volume, for people. What many share (chunks, dirty data) is not among them.</summary>
    public IReadOnlyList<MemoryUse> MemoryUses()
    {
        lock (_gate)
        {
            int open = _files.Count + _unlinked.Count, table = Volatile.Read(ref _tableCount)?.Invoke() ?? 0;
            var uses = new List<MemoryUse>
            {
                new("records", _store.Cache.UsedBytes, _store.Cache.BytesMax, _store.Cache.Count),
                new("open files", (long)open * OpenFileBytes, null, open, "what programs have open"),
                new("nodes without a name", (long)_nameless.Count * NamelessBytes, null, _nameless.Count, "what programs still use"),
                new("open and virtual nodes", (long)table * TableEntryBytes, null, table, "what the kernel has not forgotten of .snap and .bazil"),
                new("changed directories", (long)_store.Accounts.WaitingCount * WaitingBytes, null, _store.Accounts.WaitingCount, "what changes in a few seconds"),
            };
            if (Volatile.Read(ref _snapshotReader) is { } reader) uses.Add(reader.MemoryUse);
            return uses;
        }
    }

    /// <summary>Takes the mount's way to count what it keeps for the kernel.</summary>
    internal void SetTable(Func<int> count) => Volatile.Write(ref _tableCount, count);
}
