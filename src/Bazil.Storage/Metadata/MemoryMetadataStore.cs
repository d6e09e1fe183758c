using System.Collections.Immutable;
using Bazil.Core;

namespace Bazil.Storage.Metadata;

/// <summary>
/// A metadata store in memory, for simulation: it forgets unsynced commits on demand, exactly as a disk may at a power
/// cut. Every state is an immutable tree, so a snapshot or a scan costs nothing and old states share what is equal.
/// Safe for concurrent use.
/// </summary>
public sealed class MemoryMetadataStore : IMetadataStore
{
    /// <summary>Guards <see cref="_current"/> and <see cref="_unsynced"/> against a lost update; readers take no lock.</summary>
    private readonly Lock _lock = new();

    /// <summary>The states to which a power cut may fall back: the synced one, then one for each commit since.</summary>
    private readonly List<ImmutableSortedSet<MemoryEntry>> _unsynced = [MemoryEntry.None];

    private ImmutableSortedSet<MemoryEntry> _current = MemoryEntry.None;

    /// <summary>Commits that a power cut now could undo.</summary>
    public int UnsyncedCount
    {
        get { lock (_lock) return _unsynced.Count - 1; }
    }

    public byte[]? Get(ReadOnlySpan<byte> key) => new MemorySnapshot(Volatile.Read(ref _current)).Get(key);

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) =>
        new MemoryCursor(Volatile.Read(ref _current), from, to);

    public IMetadataSnapshot Snapshot() => new MemorySnapshot(Volatile.Read(ref _current));

    public void Commit(MetadataBatch batch)
    {
        if (batch.Count == 0) return;
        lock (_lock)
        {
            var sink = new Sink(_current);
            batch.Replay(sink);
            ImmutableSortedSet<MemoryEntry> next = sink.ToImmutable();
            _unsynced.Add(next);
            Volatile.Write(ref _current, next);
        }
    }

    public void Sync()
    {
        lock (_lock)
        {
            _unsynced.Clear();
            _unsynced.Add(_current);
        }
    }

    /// <summary>
    /// A power cut: keeps what was synced and an arbitrary prefix of the commits since. What is kept counts as synced,
    /// as it does after a real restart.
    /// </summary>
    /// <returns>How many commits were lost.</returns>
    public int LoseUnsynced(Random random)
    {
        lock (_lock)
        {
            int kept = random.Next(_unsynced.Count);
            int lost = _unsynced.Count - 1 - kept;
            ImmutableSortedSet<MemoryEntry> survivor = _unsynced[kept];
            _unsynced.Clear();
            _unsynced.Add(survivor);
            Volatile.Write(ref _current, survivor);
            return lost;
        }
    }

    /// <summary>Does nothing: the content stays, as on a disk, and the same object may be given to the next daemon.</summary>
    public void Dispose()
    {
    }

    private sealed class Sink(ImmutableSortedSet<MemoryEntry> start) : IMetadataBatchSink
    {
        private readonly ImmutableSortedSet<MemoryEntry>.Builder _builder = start.ToBuilder();

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            var entry = new MemoryEntry(key.ToArray(), value.ToArray());
            _builder.Remove(entry);
            Invariant.Check(_builder.Add(entry));
        }

        public void Delete(ReadOnlySpan<byte> key) => _builder.Remove(new MemoryEntry(key.ToArray(), []));

        public void DeleteRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
        {
            List<MemoryEntry> gone = [];
            using var cursor = new MemoryCursor(_builder.ToImmutable(), from, to);
            while (cursor.MoveNext()) gone.Add(cursor.Entry);
            foreach (MemoryEntry entry in gone) _builder.Remove(entry);
        }

        internal ImmutableSortedSet<MemoryEntry> ToImmutable() => _builder.ToImmutable();
    }
}
