using System.Buffers.Binary;
using System.Numerics;

namespace Bazil.Storage.Arena;

/// <summary>
/// CRC-32C (RFC 3720, appendix B.4) by the processor's instruction. Finds every flipped bit and every burst of up to 32 bits.
/// It guards against accidents; against malice there is the MAC in the box of each object.
/// </summary>
internal static class Checksum
{
    private const int LaneCount = 4;
    private const int StepSizeBytes = LaneCount * sizeof(ulong);

    /// <summary>The CRC of the data behind what <paramref name="previous"/> is the CRC of; 0 to begin.</summary>
    public static uint Compute(ReadOnlySpan<byte> data, uint previous = 0)
    {
        uint crc = ~previous;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>
    /// Of the bytes of an object: four CRCs, each of every fourth word of eight bytes, since the processor works on several
    /// at once (three times as fast); then the CRC of these four and of what is left behind the last 32 bytes.
    /// </summary>
    public static uint OfPayload(ReadOnlySpan<byte> data)
    {
        uint a = uint.MaxValue, b = uint.MaxValue, c = uint.MaxValue, d = uint.MaxValue;
        for (; data.Length >= StepSizeBytes; data = data[StepSizeBytes..])
        {
            a = BitOperations.Crc32C(a, BinaryPrimitives.ReadUInt64LittleEndian(data));
            b = BitOperations.Crc32C(b, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
            c = BitOperations.Crc32C(c, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
            d = BitOperations.Crc32C(d, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
        }

        Span<byte> lanes = stackalloc byte[LaneCount * sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(lanes, ~a);
        BinaryPrimitives.WriteUInt32LittleEndian(lanes[4..], ~b);
        BinaryPrimitives.WriteUInt32LittleEndian(lanes[8..], ~c);
        BinaryPrimitives.WriteUInt32LittleEndian(lanes[12..], ~d);
        return Compute(data, Compute(lanes));
    }
}
