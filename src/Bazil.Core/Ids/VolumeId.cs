using System.Buffers.Binary;

namespace Bazil.Core;

/// <summary>The identity of a volume on all its machines: 16 random bytes. <c>default</c> means none.</summary>
public readonly record struct VolumeId(UInt128 Value) : IComparable<VolumeId>
{
    public const int Size = 16;

    public bool IsNone => Value == 0;

    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 16 bytes long.</exception>
    public static VolumeId Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"a volume id must be exactly {Size} bytes, not {bytes.Length}");
        return new VolumeId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    public static VolumeId Random(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    /// <summary>Writes 16 bytes, big endian, so that byte order is the order of the ids.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public int CompareTo(VolumeId other) => Value.CompareTo(other.Value);

    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
