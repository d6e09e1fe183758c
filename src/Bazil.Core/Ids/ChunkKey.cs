using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Bazil.Core;

/// <summary>The name of a chunk: a personalised BLAKE2b-256 of its plaintext. All zero means "all zeros or empty" and is never stored.</summary>
public readonly struct ChunkKey : IEquatable<ChunkKey>, IComparable<ChunkKey>
{
    public const int Size = 32;

    private readonly Bytes32 _bytes;

    /// <exception cref="ArgumentException"><paramref name="bytes"/> is not 32 bytes long.</exception>
    public ChunkKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"a chunk key must be exactly {Size} bytes, not {bytes.Length}");
        bytes.CopyTo(_bytes);
    }

    [UnscopedRef]
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>True for <c>default</c>: 32 zero bytes.</summary>
    public bool IsZero => !Span.ContainsAnyExcept((byte)0);

    /// <summary>Parses 64 hex digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out ChunkKey id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        bool valid = hex.Length == 2 * Size
            && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        id = valid ? new ChunkKey(bytes) : default;
        return valid;
    }

    public bool Equals(ChunkKey other) => Span.SequenceEqual(other.Span);

    public override bool Equals(object? obj) => obj is ChunkKey other && Equals(other);

    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(Span);

    public int CompareTo(ChunkKey other) => Span.SequenceCompareTo(other.Span);

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Span);

    public static bool operator ==(ChunkKey left, ChunkKey right) => left.Equals(right);

    public static bool operator !=(ChunkKey left, ChunkKey right) => !left.Equals(right);

    public static bool operator <(ChunkKey left, ChunkKey right) => left.CompareTo(right) < 0;

    public static bool operator <=(ChunkKey left, ChunkKey right) => left.CompareTo(right) <= 0;

    public static bool operator >(ChunkKey left, ChunkKey right) => left.CompareTo(right) > 0;

    public static bool operator >=(ChunkKey left, ChunkKey right) => left.CompareTo(right) >= 0;
}
