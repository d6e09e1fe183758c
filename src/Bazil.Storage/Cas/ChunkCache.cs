using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Cas;

/// <summary>
/// Plaintexts of chunks in memory, the least recently used go first. One for the process, shared by the chunk stores of
/// all volumes, each of which sees only its own entries. What was fetched ahead of a reader stays until it is read or the reader goes elsewhere, within its share, and drives out nothing but its like afterwards. Plaintext is wiped when the last reader is done with an evicted entry.
/// Safe for concurrent use.
/// <para>Invariants: <c>UsedBytes</c> is the sum over the entries in the map, and at most <c>SizeBytesMax</c>; an entry in the map holds one reference, and is in one of the lists.</para>
/// </summary>
public sealed class ChunkCache(long sizeBytesMax = ChunkCache.DefaultSizeBytes, TimeProvider? clock = null)
{
    /// <summary>Holds the pointer chunks of many open files and the read-ahead of dozens of streams.</summary>
    public const long DefaultSizeBytes = 64 * 1024 * 1024;

    private readonly Lock _lock = new(); // guards everything below and the counts of the entries; innermost
    private readonly Dictionary<Name, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new(); // the most recently used first
    private readonly LinkedList<Entry> _ahead = new(); // fetched ahead and not read; the newest first
    private readonly LinkedList<Entry> _passed = new(); // fetched ahead and read, or not wanted any more: a stream will not come back to them; the most recently used first
    private long _usedBytes;
    private long _aheadBytes;
    private long _passedBytes;
    private long _leavings; // those of the room that were seen to

    /// <summary>The half of it that may hold what is fetched ahead; the rest is for pointers and what was just read.</summary>
    public ReadAheadRoom AheadRoom { get; } = new(sizeBytesMax / 2, clock ?? TimeProvider.System);

    public long SizeBytesMax { get; } = sizeBytesMax;

    public long UsedBytes
    {
        get
        {
            lock (_lock) return _usedBytes;
        }
    }

    /// <summary>Returns a lease on the entry, or null.</summary>
    internal IMemoryOwner<byte>? TryGet(in Name name)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(name, out LinkedListNode<Entry>? node)) return null;
            Move(node, node.List == _byUse ? _byUse : _passed);
            node.Value.ReferenceCount++;
            return new Lease(this, node.Value);
        }
    }

    internal bool Contains(in Name name)
    {
        lock (_lock) return _entries.ContainsKey(name);
    }

    /// <summary>Takes over the plaintext and returns leases on it. When the entry exists already, the leases are on that one.</summary>
    /// <param name="name">What it is found by.</param>
    /// <param name="owned">The plaintext.</param>
    /// <param name="leaseCount">How many leases.</param>
    /// <param name="ahead">It was fetched for a reader who will want it, until this is cancelled and the reader has left <see cref="AheadRoom"/>; null for one that was not.</param>
    /// <param name="isRead">One waits for it already.</param>
    internal IMemoryOwner<byte>[] Add(in Name name, IMemoryOwner<byte> owned, int leaseCount, CancellationToken? ahead = null, bool isRead = true)
    {
        lock (_lock)
        {
            PassLeft();
            if (_entries.TryGetValue(name, out LinkedListNode<Entry>? node)) owned.Dispose();
            else node = Insert(new Entry(name, owned, ahead ?? default), ahead is not { } wanted ? _byUse : isRead || wanted.IsCancellationRequested ? _passed : _ahead);

            var leases = new IMemoryOwner<byte>[leaseCount];
            foreach (ref IMemoryOwner<byte> lease in leases.AsSpan())
            {
                node.Value.ReferenceCount++;
                lease = new Lease(this, node.Value);
            }

            EvictOver();
            return leases;
        }
    }

    private LinkedListNode<Entry> Insert(Entry entry, LinkedList<Entry> list)
    {
        LinkedListNode<Entry> node = list.AddFirst(entry);
        _entries.Add(entry.Name, node);
        _usedBytes += node.Value.ChargedBytes;
        Count(list, node.Value.ChargedBytes);

        // Somewhat beyond the share, for what entries cost beside their bytes. What is more has no reader any more.
        while (_aheadBytes > SizeBytesMax * 5 / 8) Move(_ahead.Last!, _passed);
        return node;
    }

    /// <summary>What streams that have ended had fetched ahead goes before what others want.</summary>
    private void PassLeft()
    {
        long leavings = AheadRoom.Leavings;
        if (leavings == _leavings) return;
        _leavings = leavings;
        for (LinkedListNode<Entry>? node = _ahead.Last, newer; node is not null; node = newer)
        {
            newer = node.Previous;
            if (node.Value.Ahead.IsCancellationRequested) Move(node, _passed);
        }
    }

    /// <summary>Makes it the newest of a list.</summary>
    private void Move(LinkedListNode<Entry> node, LinkedList<Entry> list)
    {
        Count(node.List!, -node.Value.ChargedBytes);
        node.List!.Remove(node);
        list.AddFirst(node);
        Count(list, node.Value.ChargedBytes);
    }

    private void Count(LinkedList<Entry> list, long bytes)
    {
        if (list == _ahead) _aheadBytes += bytes;
        else if (list == _passed) _passedBytes += bytes;
    }

    private void EvictOver()
    {
        while (_usedBytes > SizeBytesMax)
        {
            // A stream's chunks are read in a few parts, one soon after the other.
            LinkedListNode<Entry> node = _passedBytes > SizeBytesMax / 8 ? _passed.Last! : _byUse.Last ?? _passed.Last ?? _ahead.Last!;
            Entry entry = node.Value;
            Count(node.List!, -entry.ChargedBytes);
            node.List!.Remove(node);
            Invariant.Check(_entries.Remove(entry.Name));
            _usedBytes -= entry.ChargedBytes;
            Release(entry);
        }
    }

    private static void Release(Entry entry)
    {
        Invariant.Check(entry.ReferenceCount > 0);
        if (--entry.ReferenceCount == 0) entry.Owned.Dispose();
    }

    /// <summary>What an entry is found by. The scope is the chunk store that asks; a read with another size limit is another entry.</summary>
    internal readonly record struct Name(object Scope, ChunkType Type, byte Level, ChunkKey Key, int SizeBytesMax);

    private sealed class Entry(Name name, IMemoryOwner<byte> owned, CancellationToken ahead)
    {
        /// <summary>What an entry costs beside its plaintext: the objects that hold it, roughly.</summary>
        private const int OverheadBytes = 256;

        public Name Name { get; } = name;

        public IMemoryOwner<byte> Owned { get; } = owned;

        /// <summary>Cancelled when the stream that it was fetched for has ended.</summary>
        public CancellationToken Ahead { get; } = ahead;

        public int ChargedBytes { get; } = owned.Memory.Length + OverheadBytes;

        public int ReferenceCount { get; set; } = 1;
    }

    private sealed class Lease(ChunkCache cache, Entry entry) : IMemoryOwner<byte>
    {
        private Entry? _entry = entry;

        public Memory<byte> Memory => (_entry ?? throw new ObjectDisposedException(nameof(Lease))).Owned.Memory;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _entry, null) is not { } held) return;
            lock (cache._lock) Release(held);
        }
    }
}
