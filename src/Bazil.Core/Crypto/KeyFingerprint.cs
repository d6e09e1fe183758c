using System.Buffers.Binary;
using System.Globalization;

namespace Bazil.Core.Crypto;

/// <summary>Names a sharing key without revealing it: a 16-byte subkey of it. <c>default</c> means none.</summary>
public readonly record struct KeyFingerprint(UInt128 Value) : IComparable<KeyFingerprint>
{
    public const int Size = 16;

    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 16 bytes long.</exception>
    public static KeyFingerprint Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"a key fingerprint must be exactly {Size} bytes, not {bytes.Length}");
        return new KeyFingerprint(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Writes 16 bytes, big endian.</summary>
    public void Write(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public int CompareTo(KeyFingerprint other) => Value.CompareTo(other.Value);

    /// <summary>32 lower-case hex digits.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
