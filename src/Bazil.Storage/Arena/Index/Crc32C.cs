using System.Buffers.Binary;
using System.Numerics;

namespace Bazil.Storage.Arena.Index;

/// <summary>CRC-32C (RFC 3720, appendix B.4) by the processor's instruction. Finds every flipped bit and every burst of up to 32.</summary>
internal static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
