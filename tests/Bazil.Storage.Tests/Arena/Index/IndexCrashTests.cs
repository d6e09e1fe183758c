using Bazil.Storage.Arena.Index;
using Bazil.Testing;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>Before each change of the directory its state is kept aside: what a crash at that moment would leave.</summary>
public sealed class IndexCrashTests
{
    [Fact]
    public void A_crash_between_any_two_changes_loses_nothing_and_leaves_nothing_behind()
    {
        using var fixture = new IndexFixture(71);
        using var states = new TempDirectory();
        var all = new List<IndexEntry>();
        int stateCount = 0;
        var folder = new IndexFolder(fixture.Path, _ => Copy(fixture.Path, states[$"{stateCount++}"]));
        SealedSegment[] segments = [.. Enumerable.Range(1, 9).Select(number => IndexFixture.Segment((uint)number))];
        using (IndexSet set = IndexSet.Open(folder, segments, fixture.Entropy))
        {
            foreach (SealedSegment segment in segments)
            {
                IndexEntry[] entries = fixture.Entries(segment.Number, 40);
                all.AddRange(entries);
                set.Add([segment], entries, entries.Length, CancellationToken.None);
            }

            while (set.Merge(CancellationToken.None)) Assert.Empty(set.Missing);
            Copy(fixture.Path, states[$"{stateCount++}"]);
        }

        Assert.True(stateCount > 9 * 3);
        for (int state = 0; state < stateCount; state++) CheckState(states[$"{state}"], segments, all, fixture);
    }

    private static void CheckState(string directory, SealedSegment[] segments, List<IndexEntry> all, IndexFixture fixture)
    {
        using IndexSet set = IndexSet.Open(directory, segments, fixture.Entropy);
        Assert.Empty(set.Damaged);
        var missing = set.Missing.Select(segment => segment.Number).ToHashSet();
        foreach (IndexEntry entry in all)
        {
            if (missing.Contains(entry.Location.Segment)) Assert.Empty(IndexFixture.Find(set, entry.Id));
            else Assert.Equal([entry.Location], IndexFixture.Find(set, entry.Id));
        }

        Assert.Equal(set.Files.Select(file => file.Path).Order(), Directory.GetFiles(directory).Order());
        Assert.True(set.Files.Sum(file => file.Segments.Count) == segments.Length - missing.Count, "a segment is covered twice");
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string path in Directory.GetFiles(from)) File.Copy(path, Path.Combine(to, Path.GetFileName(path)));
    }
}
