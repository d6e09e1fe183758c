using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Collection;

/// <summary>
/// A set of object ids in two bytes each, which may say yes for one that was never added (one in a thousand for each part), and never says no for one
/// that was: a Bloom filter of one cache line per id. It grows by adding parts of twice the size. Each has a random seed of
/// its own, so that what one filter takes for a member by mistake the next one does not.
/// <code>
/// id → block of 64 bytes, and one bit in each of its 8 words
/// </code>
/// Safe for concurrent use. An id whose <see cref="Add"/> has returned is seen by every thread.
/// </summary>
public sealed class ObjectFilter
{
    /// <summary>Ids that the first part holds unless told otherwise.</summary>
    public const long CapacityMin = 1 << 16;

    private const int WordsPerBlock = 8;
    private const int BitsPerId = 16;
    private const int BitsPerBlock = WordsPerBlock * 64;

    private readonly Lock _growing = new(); // guards replacing _parts
    private readonly ulong _seed;
    private readonly ulong _secondSeed;
    private volatile Part[] _parts;

    /// <param name="entropy">Gives the seed.</param>
    /// <param name="capacity">How many ids are expected; more are welcome.</param>
    public ObjectFilter(IEntropy entropy, long capacity = CapacityMin)
    {
        Span<byte> seed = stackalloc byte[2 * sizeof(ulong)];
        entropy.Fill(seed);
        _seed = BinaryPrimitives.ReadUInt64LittleEndian(seed);
        _secondSeed = BinaryPrimitives.ReadUInt64LittleEndian(seed[sizeof(ulong)..]);
        _parts = [new Part(Math.Max(capacity, CapacityMin))];
    }

    /// <summary>Ids that were added, each counted once, but for those taken for known by mistake.</summary>
    public long Count => _parts.Sum(static part => part.Count);

    /// <summary>The memory that it takes.</summary>
    public long SizeBytes => _parts.Sum(static part => (long)part.Words.Length * sizeof(ulong));

    public bool MayContain(in ObjectId id)
    {
        (ulong block, ulong bits) = HashesOf(id);
        foreach (Part part in _parts)
        {
            if (part.MayContain(block, bits)) return true;
        }

        return false;
    }

    /// <summary>Adds an id; false when it seems to be there already.</summary>
    public bool Add(in ObjectId id)
    {
        (ulong block, ulong bits) = HashesOf(id);
        Part[] parts = _parts;
        foreach (Part part in parts)
        {
            if (part.MayContain(block, bits)) return false;
        }

        Part last = parts[^1];
        bool isNew = last.Add(block, bits);
        if (last.Count >= last.Capacity) Grow(last);
        return isNew;
    }

    private void Grow(Part full)
    {
        lock (_growing)
        {
            if (_parts[^1] == full) _parts = [.. _parts, new Part(full.Capacity * 2)];
        }
    }

    private (ulong Block, ulong Bits) HashesOf(in ObjectId id)
    {
        ulong block = Mix(BinaryPrimitives.ReadUInt64LittleEndian(id.Span) ^ _seed);
        return (block, Mix(BinaryPrimitives.ReadUInt64LittleEndian(id.Span[sizeof(ulong)..]) ^ _secondSeed ^ block));
    }

    /// <summary>The finalizer of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private sealed class Part
    {
        private readonly ulong _blockCount;
        private long _count;

        public Part(long capacity)
        {
            Capacity = capacity;
            _blockCount = (ulong)((capacity * BitsPerId) + BitsPerBlock - 1) / BitsPerBlock;
            Words = new ulong[_blockCount * WordsPerBlock];
        }

        public ulong[] Words { get; }

        public long Capacity { get; }

        public long Count => Interlocked.Read(ref _count);

        public bool MayContain(ulong block, ulong bits)
        {
            Span<ulong> words = BlockOf(block);
            for (int index = 0; index < WordsPerBlock; index++, bits >>= 6)
            {
                if ((Volatile.Read(ref words[index]) & (1UL << (int)(bits & 63))) == 0) return false;
            }

            return true;
        }

        public bool Add(ulong block, ulong bits)
        {
            Span<ulong> words = BlockOf(block);
            bool isNew = false;
            for (int index = 0; index < WordsPerBlock; index++, bits >>= 6)
            {
                ulong bit = 1UL << (int)(bits & 63);
                isNew |= (Interlocked.Or(ref words[index], bit) & bit) == 0;
            }

            if (isNew) Interlocked.Increment(ref _count);
            return isNew;
        }

        private Span<ulong> BlockOf(ulong block) =>
            Words.AsSpan((int)Math.BigMul(block, _blockCount, out _) * WordsPerBlock, WordsPerBlock);
    }
}
