using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

public sealed class IndexSetTests
{
    [Fact]
    public void An_object_in_two_segments_is_found_in_the_newer_first()
    {
        using var fixture = new IndexFixture(51);
        using IndexSet set = fixture.Open();
        ObjectId id = fixture.NextId();
        Add(set, 1, [new IndexEntry(id, new SegmentLocation(1, 10))]);
        Add(set, 2, [new IndexEntry(id, new SegmentLocation(2, 20))]);
        Assert.Equal([new SegmentLocation(2, 20), new SegmentLocation(1, 10)], IndexFixture.Find(set, id));
        set.Drop(2);
        Assert.Equal([new SegmentLocation(1, 10)], IndexFixture.Find(set, id));
    }

    [Fact]
    public void Segments_without_an_index_are_told_when_the_set_is_opened()
    {
        using var fixture = new IndexFixture(52);
        using (IndexSet set = fixture.Open()) Add(set, 1, fixture.Entries(1, 10));
        using IndexSet again = fixture.Open(IndexFixture.Segment(1), IndexFixture.Segment(2));
        Assert.Equal([IndexFixture.Segment(2)], again.Missing);
    }

    [Fact]
    public void An_index_of_another_segment_of_the_same_number_does_not_count()
    {
        using var fixture = new IndexFixture(53);
        IndexEntry[] entries = fixture.Entries(1, 10);
        using (IndexSet set = fixture.Open()) Add(set, 1, entries);
        var other = new SealedSegment(1, 77);
        using IndexSet again = fixture.Open(other);
        Assert.Equal([other], again.Missing);
        Assert.Empty(IndexFixture.Find(again, entries[0].Id));
        Assert.Empty(Directory.GetFiles(fixture.Path));
    }

    [Fact]
    public void A_damaged_file_is_told_and_removed_and_its_segments_are_missing()
    {
        using var fixture = new IndexFixture(54);
        string path;
        using (IndexSet set = fixture.Open())
        {
            Add(set, 1, fixture.Entries(1, 10));
            path = set.Files.Single().Path;
        }

        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);
        using IndexSet again = fixture.Open(IndexFixture.Segment(1));
        Assert.Equal(path, again.Damaged.Single().Path);
        Assert.Equal([IndexFixture.Segment(1)], again.Missing);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Damage_found_by_a_lookup_is_discarded_and_the_index_built_again()
    {
        using var fixture = new IndexFixture(55);
        IndexEntry[] entries = fixture.Entries(1, 1000);
        using (IndexSet set = fixture.Open()) Add(set, 1, entries);
        using IndexSet again = fixture.Open(IndexFixture.Segment(1));
        string path = again.Files.Single().Path;
        byte[] bytes = File.ReadAllBytes(path);
        bytes[IndexHeader.SizeBytes + (32 * 1000) + 5] ^= 1; // the locations of the first part
        File.WriteAllBytes(path, bytes);
        DamagedIndexException damage = again.Verify(CancellationToken.None).Single();
        Assert.Contains(entries, entry => Record.Exception(() => IndexFixture.Find(again, entry.Id)) is DamagedIndexException);

        again.Discard(damage);
        Assert.Equal([IndexFixture.Segment(1)], again.Missing);
        Add(again, 1, entries);
        Assert.Empty(again.Missing);
        Assert.Empty(again.Verify(CancellationToken.None));
        Assert.All(entries, entry => Assert.Equal([entry.Location], IndexFixture.Find(again, entry.Id)));
    }

    [Fact]
    public void Eight_files_of_a_tier_become_one()
    {
        using var fixture = new IndexFixture(56);
        using IndexSet set = fixture.Open();
        var all = new List<IndexEntry>();
        for (uint segment = 1; segment <= 8; segment++)
        {
            Assert.False(set.Merge(CancellationToken.None));
            IndexEntry[] entries = fixture.Entries(segment, 50);
            all.AddRange(entries);
            Add(set, segment, entries);
        }

        Assert.True(set.Merge(CancellationToken.None));
        Assert.Single(set.Files);
        Assert.Single(Directory.GetFiles(fixture.Path));
        Assert.All(all, entry => Assert.Equal([entry.Location], IndexFixture.Find(set, entry.Id)));
        Assert.Equal(all.OrderBy(entry => entry.Id), set.Entries().OrderBy(entry => entry.Id));
    }

    [Fact]
    public void A_file_goes_when_all_its_segments_are_dropped_and_is_written_anew_when_most_are()
    {
        using var fixture = new IndexFixture(57);
        using IndexSet set = fixture.Open();
        IndexEntry[] kept = fixture.Entries(4, 20);
        SealedSegment[] segments = [IndexFixture.Segment(1), IndexFixture.Segment(2), IndexFixture.Segment(3), IndexFixture.Segment(4)];
        set.Add(segments, [.. fixture.Entries(1, 20), .. fixture.Entries(2, 20), .. fixture.Entries(3, 20), .. kept], 80, CancellationToken.None);
        for (uint segment = 1; segment <= 3; segment++) set.Drop(segment);
        Assert.True(set.Merge(CancellationToken.None));
        Assert.Equal(20, set.RecordCount);
        Assert.False(set.Merge(CancellationToken.None));
        Assert.All(kept, entry => Assert.Equal([entry.Location], IndexFixture.Find(set, entry.Id)));
        set.Drop(4);
        Assert.Empty(Directory.GetFiles(fixture.Path));
    }

    [Fact]
    public void A_merge_beside_a_file_of_another_seed_finds_everything()
    {
        using var fixture = new IndexFixture(58);
        var all = new List<IndexEntry>();
        for (uint segment = 1; segment <= 8; segment++)
        {
            IndexEntry[] entries = fixture.Entries(segment, 700);
            all.AddRange(entries);
            new IndexBuild(new IndexFolder(fixture.Path, beforeChange: null), fixture.Entropy, segment, [IndexFixture.Segment(segment)])
                .FromEntries(entries, entries.Length, IndexSeed.Create(fixture.Entropy), CancellationToken.None).Dispose();
        }

        using IndexSet set = fixture.Open([.. Enumerable.Range(1, 8).Select(number => IndexFixture.Segment((uint)number))]);
        Assert.Empty(set.Missing);
        Assert.All(all, entry => Assert.Contains(entry.Location, IndexFixture.Find(set, entry.Id)));
        Assert.True(set.Merge(CancellationToken.None));
        Assert.All(all, entry => Assert.Equal([entry.Location], IndexFixture.Find(set, entry.Id)));
    }

    [Fact]
    public void An_entry_outside_the_covered_segments_is_refused_and_nothing_stays_behind()
    {
        using var fixture = new IndexFixture(59);
        using IndexSet set = fixture.Open();
        Assert.Throws<ArgumentException>(() => Add(set, 1, fixture.Entries(2, 3)));
        Assert.Empty(Directory.GetFiles(fixture.Path));
        Assert.Empty(set.Files);
    }

    [Fact]
    public async Task Readers_find_everything_while_files_are_added_and_merged()
    {
        using var fixture = new IndexFixture(60);
        using IndexSet set = fixture.Open();
        IndexEntry[] first = fixture.Entries(1, 3000);
        Add(set, 1, first);
        IndexEntry[][] more = [.. Enumerable.Range(2, 60).Select(segment => fixture.Entries((uint)segment, 300))];
        using var stop = new CancellationTokenSource();
        Task<long>[] readers = [.. Enumerable.Range(0, 3).Select(reader => Task.Run(() => Read(reader)))];
        for (int i = 0; i < more.Length; i++)
        {
            Add(set, (uint)i + 2, more[i]);
            while (set.Merge(CancellationToken.None)) Assert.Contains(first[i], set.Entries());
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), count => Assert.True(count > 0));

        long Read(int reader)
        {
            var random = new Random(reader);
            long count = 0;
            do
            {
                IndexEntry entry = first[random.Next(first.Length)];
                Assert.Contains(entry.Location, IndexFixture.Find(set, entry.Id));
                count++;
            }
            while (!stop.IsCancellationRequested);
            return count;
        }
    }

    private static void Add(IndexSet set, uint segment, IndexEntry[] entries) =>
        set.Add([IndexFixture.Segment(segment)], entries, entries.Length, CancellationToken.None);
}
