using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>A directory of index files, and entries made from a seed.</summary>
internal sealed class IndexFixture : IDisposable
{
    private readonly TempDirectory _directory = new();

    public IndexFixture(int seed) => Entropy = new SeededEntropy(new Random(seed));

    public SeededEntropy Entropy { get; }

    public string Path => _directory.Path;

    public static SealedSegment Segment(uint number) => new(number, 1000UL + number);

    public ObjectId NextId()
    {
        Span<byte> bytes = stackalloc byte[ObjectId.Size];
        Entropy.Fill(bytes);
        return new ObjectId(bytes);
    }

    /// <summary>Fresh objects one after the other in a segment.</summary>
    public IndexEntry[] Entries(uint segment, int count)
    {
        var entries = new IndexEntry[count];
        for (int i = 0; i < count; i++) entries[i] = new IndexEntry(NextId(), new SegmentLocation(segment, (uint)(i * 3)));
        return entries;
    }

    public IndexSet Open(params SealedSegment[] segments) => IndexSet.Open(Path, segments, Entropy);

    /// <summary>Writes one file and opens it.</summary>
    public IndexFile Build(IndexEntry[] entries, IndexSeed seed, params SealedSegment[] segments) =>
        new IndexBuild(new IndexFolder(Path, beforeChange: null), Entropy, 1, segments).FromEntries(entries, entries.Length, seed, CancellationToken.None);

    public static SegmentLocation[] Find(IndexSet set, ObjectId id)
    {
        var found = new List<SegmentLocation>();
        foreach (SegmentLocation candidate in set.Find(id)) found.Add(candidate);
        return [.. found];
    }

    public void Dispose() => _directory.Dispose();
}
