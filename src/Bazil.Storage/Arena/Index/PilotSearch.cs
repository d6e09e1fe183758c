using System.Buffers.Binary;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// Finds the pilots of a part, as PtrHash does (Groot Koerkamp, 2025): buckets in falling order of size; when no pilot puts
/// all keys of a bucket on free slots, the one that hurts least throws other buckets out, which are placed anew. Not for
/// concurrent use; one object serves many parts.
/// </summary>
internal sealed class PilotSearch
{
    private const ushort Free = ushort.MaxValue;
    private const int RecentCount = 4;

    private readonly ulong[] _keys = new ulong[IndexLimits.KeysPerPartMax];
    private readonly ulong[] _bucketKeys = new ulong[IndexLimits.KeysPerPartMax];
    private readonly int[] _starts = new int[IndexLimits.KeysPerPartMax + 2];
    private readonly ushort[] _owners = new ushort[IndexLimits.KeysPerPartMax * 2];
    private readonly byte[] _pilots = new byte[IndexLimits.KeysPerPartMax + 1];
    private readonly int[] _slots = new int[IndexLimits.KeysPerPartMax];
    private readonly int[] _recent = new int[RecentCount];
    private readonly PriorityQueue<int, (int NegativeSize, int Bucket)> _waiting = new();
    private PartShape _shape;
    private int _bucketCount;
    private int _slotCount;

    /// <summary>Writes seed, pilots and remapped ranks into the filter; fingerprints are the caller's.</summary>
    /// <param name="slotHashes">Of distinct keys.</param>
    /// <param name="filter">Of the size that <see cref="PartShape"/> tells.</param>
    /// <returns>False when no seed of the part works: two keys are equal, or an attacker knows the seed of the file.</returns>
    public bool TryFind(ReadOnlySpan<ulong> slotHashes, Span<byte> filter)
    {
        _shape = new PartShape(slotHashes.Length);
        _bucketCount = _shape.BucketCount;
        _slotCount = _shape.SlotCount;
        for (int seed = 0; seed < IndexLimits.SeedsPerPart; seed++)
        {
            for (int i = 0; i < slotHashes.Length; i++) _keys[i] = PartShape.KeyOf(slotHashes[i], (byte)seed);
            GroupByBucket(slotHashes.Length);
            if (!PlaceAll()) continue;
            filter[0] = (byte)seed;
            _pilots.AsSpan(0, _bucketCount).CopyTo(filter[1..]);
            WriteRemap(filter);
            return true;
        }

        return false;
    }

    private void GroupByBucket(int keyCount)
    {
        Span<int> starts = _starts.AsSpan(0, _bucketCount + 1);
        starts.Clear();
        for (int i = 0; i < keyCount; i++) starts[PartShape.BucketOf(_keys[i], _bucketCount)]++;
        int sum = 0;
        for (int bucket = 0; bucket <= _bucketCount; bucket++)
        {
            sum += starts[bucket];
            starts[bucket] = sum; // the end of the bucket; filling it from the back makes it the start
        }

        for (int i = keyCount - 1; i >= 0; i--) _bucketKeys[--starts[PartShape.BucketOf(_keys[i], _bucketCount)]] = _keys[i];
    }

    private bool PlaceAll()
    {
        _owners.AsSpan(0, _slotCount).Fill(Free);
        _recent.AsSpan().Fill(-1);
        _waiting.Clear();
        for (int bucket = 0; bucket < _bucketCount; bucket++)
        {
            _pilots[bucket] = 0;
            if (KeysOf(bucket).Length > 0) Enqueue(bucket);
        }

        int evictionsLeft = 64 + (_bucketCount * 8);
        int placedCount = 0;
        while (_waiting.TryDequeue(out int bucket, out _))
        {
            if (TryPlaceFreely(bucket)) continue;
            int pilot = LeastHarmful(bucket);
            if (pilot < 0) return false;
            evictionsLeft -= Evict(bucket, (byte)pilot);
            if (evictionsLeft < 0) return false;
            _recent[placedCount++ % RecentCount] = bucket;
        }

        return true;
    }

    private ReadOnlySpan<ulong> KeysOf(int bucket) => _bucketKeys.AsSpan(_starts[bucket].._starts[bucket + 1]);

    private void Enqueue(int bucket) => _waiting.Enqueue(bucket, (-KeysOf(bucket).Length, bucket));

    private bool TryPlaceFreely(int bucket)
    {
        ReadOnlySpan<ulong> keys = KeysOf(bucket);
        for (int pilot = 0; pilot <= byte.MaxValue; pilot++)
        {
            int count = 0;
            for (; count < keys.Length; count++)
            {
                int slot = PartShape.SlotOf(keys[count], (byte)pilot, _slotCount);
                if (_owners[slot] != Free) break;
                _owners[slot] = (ushort)bucket; // so that a second key on it is noticed
                _slots[count] = slot;
            }

            if (count == keys.Length)
            {
                _pilots[bucket] = (byte)pilot;
                return true;
            }

            while (count > 0) _owners[_slots[--count]] = Free;
        }

        return false;
    }

    private int LeastHarmful(int bucket)
    {
        ReadOnlySpan<ulong> keys = KeysOf(bucket);
        int best = -1;
        int leastHarm = int.MaxValue;
        for (int pilot = 0; pilot <= byte.MaxValue; pilot++)
        {
            int harm = 0;
            for (int i = 0; i < keys.Length && harm < leastHarm; i++)
            {
                int slot = PartShape.SlotOf(keys[i], (byte)pilot, _slotCount);
                ushort owner = _owners[slot];
                if (_slots.AsSpan(0, i).Contains(slot) || (owner != Free && _recent.AsSpan().Contains(owner))) harm = int.MaxValue;
                else if (owner != Free) harm += KeysOf(owner).Length * KeysOf(owner).Length;
                _slots[i] = slot;
            }

            if (harm >= leastHarm) continue;
            leastHarm = harm;
            best = pilot;
        }

        return best;
    }

    private int Evict(int bucket, byte pilot)
    {
        int evictedCount = 0;
        foreach (ulong key in KeysOf(bucket))
        {
            ushort owner = _owners[PartShape.SlotOf(key, pilot, _slotCount)];
            if (owner == Free) continue;
            foreach (ulong evicted in KeysOf(owner)) _owners[PartShape.SlotOf(evicted, _pilots[owner], _slotCount)] = Free;
            Enqueue(owner);
            evictedCount++;
        }

        foreach (ulong key in KeysOf(bucket)) _owners[PartShape.SlotOf(key, pilot, _slotCount)] = (ushort)bucket;
        _pilots[bucket] = pilot;
        return evictedCount;
    }

    private void WriteRemap(Span<byte> filter)
    {
        int free = 0;
        for (int slot = _shape.KeyCount; slot < _slotCount; slot++)
        {
            ushort rank = 0; // of a slot that nobody has, never used
            if (_owners[slot] != Free)
            {
                while (_owners[free] != Free) free++;
                rank = (ushort)free++;
            }

            BinaryPrimitives.WriteUInt16LittleEndian(filter[(_shape.RemapOffset + ((slot - _shape.KeyCount) * sizeof(ushort)))..], rank);
        }
    }
}
