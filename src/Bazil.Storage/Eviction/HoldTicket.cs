using System.Buffers.Binary;
using Bazil.Core;

namespace Bazil.Storage.Eviction;

/// <summary>Names one request to hold objects, among those of one peer: 16 random bytes of whoever asks.</summary>
public readonly record struct HoldTicket(UInt128 Value)
{
    public const int Size = 16;

    public static HoldTicket Random(IEntropy entropy)
    {
        Span<byte> bytes = stackalloc byte[Size];
        entropy.Fill(bytes);
        return Read(bytes);
    }

    public static HoldTicket Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
