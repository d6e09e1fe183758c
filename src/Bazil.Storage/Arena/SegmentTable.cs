using Bazil.Core;
using Bazil.Storage.Arena.Index;

namespace Bazil.Storage.Arena;

/// <summary>
/// The records of one segment that has no index file yet: an open-addressing table of eight bytes for each, half of them
/// from a hash of the id, half the block. Half of a hash is no proof, so who asks compares with the header of the record. The hash
/// is under a secret: a peer that puts under ids of its choice cannot make all of them look alike.
/// One writer at a time (a lock of its own), readers beside it without any.
/// </summary>
internal sealed class SegmentTable(IndexSeed seed)
{
    private const ulong Empty = 0;
    private const ulong Removed = uint.MaxValue; // no record has the last block
    private const int SlotCountMin = 64;

    private readonly Lock _lock = new(); // guards changes of _slots and _usedCount; innermost
    private ulong[] _slots = new ulong[SlotCountMin];
    private int _usedCount;

    public void Add(in ObjectId id, uint block)
    {
        lock (_lock)
        {
            if (_usedCount * 3L >= _slots.Length * 2L) Grow();
            Insert(_slots, EntryOf(id, block));
            _usedCount++;
        }
    }

    public void Remove(in ObjectId id, uint block)
    {
        ulong entry = EntryOf(id, block);
        lock (_lock)
        {
            for (uint i = StartOf(entry, _slots);; i = (i + 1) & (uint)(_slots.Length - 1))
            {
                if (_slots[i] == Empty) return;
                if (_slots[i] != entry) continue;
                Volatile.Write(ref _slots[i], Removed);
                return;
            }
        }
    }

    /// <summary>The last block below <paramref name="below"/> that may hold the object; 0 when there is none.</summary>
    public uint FindBelow(in ObjectId id, uint below)
    {
        ulong[] slots = Volatile.Read(ref _slots);
        ulong wanted = EntryOf(id, 0);
        uint best = 0;
        for (uint i = StartOf(wanted, slots);; i = (i + 1) & (uint)(slots.Length - 1))
        {
            ulong entry = Volatile.Read(ref slots[i]);
            if (entry == Empty) return best;
            uint block = (uint)entry;
            if ((entry ^ block) == wanted && block < below && block > best) best = block;
        }
    }

    private void Grow()
    {
        int liveCount = 0;
        foreach (ulong entry in _slots)
        {
            if (entry is not Empty and not Removed) liveCount++;
        }

        // Slots of removed entries come back here, so a table of constant content does not grow.
        ulong[] larger = new ulong[liveCount * 3L >= _slots.Length ? _slots.Length * 2 : _slots.Length];
        foreach (ulong entry in _slots)
        {
            if (entry is not Empty and not Removed) Insert(larger, entry);
        }

        _usedCount = liveCount;
        Volatile.Write(ref _slots, larger);
    }

    private static void Insert(ulong[] slots, ulong entry)
    {
        uint i = StartOf(entry, slots);
        while (slots[i] != Empty) i = (i + 1) & (uint)(slots.Length - 1);
        Volatile.Write(ref slots[i], entry);
    }

    private static uint StartOf(ulong entry, ulong[] slots) => (uint)(entry >> 32) & (uint)(slots.Length - 1);

    /// <summary>All zero but for the block would be an empty slot: of the block there is always something.</summary>
    private ulong EntryOf(in ObjectId id, uint block) => (seed.Hash(id).Place & 0xFFFF_FFFF_0000_0000) | block;
}
