using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Peers;

/// <summary>One start of a node: 16 random bytes, another with each. Two that are alive at once with one key are two machines with one data directory.</summary>
public readonly record struct RunId(UInt128 Value)
{
    public const int Size = 16;

    public static RunId Random(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 16 bytes long.</exception>
    internal static RunId Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"a run id must be exactly {Size} bytes, not {bytes.Length}");
        return new RunId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    internal byte[] ToBytes()
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }
}
