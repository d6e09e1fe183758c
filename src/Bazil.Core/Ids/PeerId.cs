using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Bazil.Core;

/// <summary>The identity of a node: its Ed25519 public key.</summary>
public readonly struct PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    public const int Size = 32;

    private readonly Bytes32 _bytes;

    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public PeerId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"a peer public key must be exactly {Size} bytes, not {bytes.Length}");
        bytes.CopyTo(_bytes);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>True for <c>default</c>: 32 zero bytes.</summary>
    public bool IsZero => !Span.ContainsAnyExcept((byte)0);

    /// <summary>Parses 64 hex digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out PeerId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bool valid = hex.Length == 2 * Size
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        id = valid ? new PeerId(bytes) : default;
        return valid;
    }

    public bool Equals(PeerId other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is PeerId other && Equals(other);

    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(Span);

    public int CompareTo(PeerId other) => Span.SequenceCompareTo(other.Span);

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);

    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);

    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;
}
