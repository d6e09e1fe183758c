using System.Collections.Immutable;

namespace Bazil.Storage.Metadata;

/// <summary>One entry of a <see cref="MemoryMetadataStore"/>; ordered, and in a set equal, by its key alone.</summary>
internal readonly record struct MemoryEntry(byte[] Key, byte[] Value) : IComparable<MemoryEntry>
{
    internal static readonly ImmutableSortedSet<MemoryEntry> None =
        ImmutableSortedSet.Create<MemoryEntry>(Comparer<MemoryEntry>.Default);

    public int CompareTo(MemoryEntry other) => Key.AsSpan().SequenceCompareTo(other.Key);
}
