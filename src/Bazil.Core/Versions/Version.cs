using System.Buffers.Binary;

namespace Bazil.Core;

/// <summary>
/// The version of one change: a Lamport tick and the replica that made it, ordered so. <c>default</c> means none and is
/// smaller than every real version (DESIGN: ticks start at 1).
/// </summary>
public readonly record struct Version(ulong Tick, ReplicaId Replica) : IComparable<Version>
{
    public const int Size = sizeof(ulong) + ReplicaId.Size;

    public bool IsNone => Tick == 0;

    /// <summary>Reads 24 bytes: tick big endian, then the replica.</summary>
    public static Version Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), ReplicaId.Read(bytes.Slice(sizeof(ulong), ReplicaId.Size)));

    /// <summary>Writes 24 bytes whose byte order is the order of versions.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, Tick);
        Replica.Write(destination[sizeof(ulong)..]);
    }

    public int CompareTo(Version other)
    {
        int ticks = Tick.CompareTo(other.Tick);
        return ticks != 0 ? ticks : Replica.CompareTo(other.Replica);
    }

    public override string ToString() => $"{Tick}@{Replica.ToString()[..8]}";

    public static bool operator <(Version left, Version right) => left.CompareTo(right) < 0;

    public static bool operator <=(Version left, Version right) => left.CompareTo(right) <= 0;

    public static bool operator >(Version left, Version right) => left.CompareTo(right) > 0;

    public static bool operator >=(Version left, Version right) => left.CompareTo(right) >= 0;
}
