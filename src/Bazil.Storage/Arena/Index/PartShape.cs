namespace Bazil.Storage.Arena.Index;

/// <summary>
/// The sizes of a part, all a function of its number of keys. Its filter is
/// <code>
///   offset               size
///   0                    1                  seed of the part
///   1                    BucketCount        pilots, one byte for each bucket
///   RemapOffset          2 x spare slots    rank of the key in slot KeyCount + i
///   FingerprintOffset    2 x KeyCount       fingerprint of each rank
/// </code>
/// A key hashes to a bucket, the bucket's pilot to one of SlotCount slots, a little more than there are keys so that
/// pilots are found quickly; keys in slots past the last rank are sent to the ranks that stayed free.
/// </summary>
internal readonly record struct PartShape(int KeyCount)
{
    private const int PilotOffset = 1;

    public int BucketCount => ((KeyCount * 10) + 32) / 33;

    public int SlotCount => KeyCount + ((KeyCount + 63) / 64);

    public int RemapOffset => PilotOffset + BucketCount;

    public int FingerprintOffset => RemapOffset + ((SlotCount - KeyCount) * sizeof(ushort));

    public int FilterSizeBytes => FingerprintOffset + (KeyCount * sizeof(ushort));

    /// <summary>
    /// The bucket of a key. Buckets get fewer keys the higher their number (the cubic function of PtrHash, Groot Koerkamp,
    /// 2025): big buckets are placed first, while there is room, and the last ones to be placed are small.
    /// </summary>
    public static int BucketOf(ulong key, int bucketCount)
    {
        ulong x = key >> 32;
        ulong square = (x * x) >> 32;
        ulong cubic = (square * ((1UL << 31) + (x >> 1))) >> 32;
        ulong skewed = cubic - (cubic >> 8) + (x >> 8);
        return (int)((skewed * (ulong)bucketCount) >> 32);
    }

    /// <summary>The slot of a key under a pilot.</summary>
    public static int SlotOf(ulong key, byte pilot, int slotCount)
    {
        ulong mixed = (key ^ ((pilot + 1UL) * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
        return (int)(((mixed >> 32) * (ulong)slotCount) >> 32);
    }

    /// <summary>A key under the seed of its part.</summary>
    public static ulong KeyOf(ulong slotHash, byte partSeed) => partSeed == 0 ? slotHash : IndexSeed.Mix(slotHash + (partSeed * 0x9E3779B97F4A7C15));

    /// <summary>The rank of a key: 0 to KeyCount - 1, its own if it is one of the part's keys. The part must not be empty.</summary>
    public int RankOf(ReadOnlySpan<byte> filter, ulong slotHash)
    {
        ulong key = KeyOf(slotHash, filter[0]);
        byte pilot = filter[PilotOffset + BucketOf(key, BucketCount)];
        int slot = SlotOf(key, pilot, SlotCount);
        return slot < KeyCount ? slot : BitConverter.ToUInt16(filter[(RemapOffset + ((slot - KeyCount) * sizeof(ushort)))..]);
    }

    public ushort FingerprintAt(ReadOnlySpan<byte> filter, int rank) => BitConverter.ToUInt16(filter[(FingerprintOffset + (rank * sizeof(ushort)))..]);
}
