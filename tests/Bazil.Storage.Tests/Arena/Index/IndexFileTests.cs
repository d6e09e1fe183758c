using Bazil.Core;
using Bazil.Storage.Arena.Index;
using Bazil.Testing;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

public sealed class IndexFileTests
{
    [Fact]
    public void A_million_keys_are_all_found_and_one_foreign_id_in_65536_is_not_told_apart()
    {
        const int KeyCount = 1_000_000;
        Seed seed = Seed.Take(31);
        using var fixture = new IndexFixture(seed.Value);
        IndexEntry[] entries = fixture.Entries(7, KeyCount); // more than fit in memory: one run is spilled
        using IndexFile file = fixture.Build(entries, IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(7));
        Assert.Equal(KeyCount, file.KeyCount);
        foreach (IndexEntry entry in entries)
        {
            Assert.True(file.TryFind(file.Seed.Hash(entry.Id), 0, out SegmentLocation location), $"{entry.Id} {seed}");
            Assert.Equal(entry.Location, location);
        }

        int falseCount = 0;
        for (int i = 0; i < 2_000_000; i++)
        {
            if (file.TryFind(file.Seed.Hash(fixture.NextId()), 0, out _)) falseCount++;
        }

        Assert.InRange(falseCount, 31 - 28, 31 + 28); // five standard deviations around 2,000,000 / 65,536
    }

    [Fact]
    public void The_hash_function_takes_less_than_three_bits_a_key()
    {
        using var fixture = new IndexFixture(32);
        const int KeyCount = 100_000;
        using IndexFile file = fixture.Build(fixture.Entries(1, KeyCount), IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1));
        long filtersAndDirectory = new FileInfo(file.Path).Length - IndexHeader.SizeBytes - IndexHeader.SegmentSizeBytes
            - (KeyCount * (ObjectId.Size + IndexHeader.LocationSizeBytes));
        long checksums = (KeyCount / IndexLimits.KeysPerPart * 16L) + 16; // and the first copy; what is left finds the rank
        double bitsPerKey = ((filtersAndDirectory - (KeyCount * 2) - checksums) * 8.0) / KeyCount;
        Assert.InRange(bitsPerKey, 2.4, 3.0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(447)]
    [InlineData(448)]
    [InlineData(449)]
    [InlineData(3000)]
    public void Any_number_of_keys_makes_an_index(int keyCount)
    {
        using var fixture = new IndexFixture(keyCount);
        IndexEntry[] entries = fixture.Entries(1, keyCount);
        using IndexFile file = fixture.Build(entries, IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1));
        Assert.Equal(entries.OrderBy(entry => entry.Id), file.Entries().OrderBy(entry => entry.Id));
        Assert.All(entries, entry => Assert.True(file.TryFind(file.Seed.Hash(entry.Id), 0, out SegmentLocation found) && found == entry.Location));
        file.Verify(CancellationToken.None);
    }

    [Fact]
    public void Of_several_records_of_one_object_the_newest_comes_first_and_the_others_after_it()
    {
        using var fixture = new IndexFixture(34);
        IndexEntry[] others = fixture.Entries(1, 2000);
        ObjectId id = fixture.NextId();
        IndexEntry[] copies = [.. new SegmentLocation[] { new(1, 90_000), new(3, 5), new(2, 7), new(3, 60), new(2, 7) }.Select(location => new IndexEntry(id, location))];
        using IndexFile file = fixture.Build(
            [.. others, .. copies], IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1), IndexFixture.Segment(2), IndexFixture.Segment(3));
        IndexHash hash = file.Seed.Hash(id);
        SegmentLocation[] found = [.. Enumerable.Range(0, 4).Select(copy => file.TryFind(hash, copy, out SegmentLocation location) ? location : default)];
        Assert.Equal([new(3, 60), new(3, 5), new(2, 7), new(1, 90_000)], found);
        Assert.False(file.TryFind(hash, 4, out _));

        file.Drop(3);
        Assert.True(file.TryFind(hash, 0, out SegmentLocation next));
        Assert.Equal(new SegmentLocation(2, 7), next);
        Assert.Equal(2002, file.Entries().Count());
    }

    [Fact]
    public void Ids_chosen_to_crowd_one_part_under_a_known_seed_get_another_seed()
    {
        using var fixture = new IndexFixture(35);
        IndexSeed known = IndexSeed.Create(fixture.Entropy);
        const int Count = IndexLimits.KeysPerPartMax + 10;
        const int PartCount = (Count / IndexLimits.KeysPerPart) + 1;
        var crowd = new List<IndexEntry>();
        while (crowd.Count < Count)
        {
            ObjectId id = fixture.NextId();
            if (known.Hash(id).PartOf(PartCount) == 0) crowd.Add(new IndexEntry(id, new SegmentLocation(1, (uint)crowd.Count)));
        }

        using IndexFile file = fixture.Build([.. crowd], known, IndexFixture.Segment(1));
        Assert.NotEqual(known, file.Seed);
        Assert.All(crowd, entry => Assert.True(file.TryFind(file.Seed.Hash(entry.Id), 0, out SegmentLocation found) && found == entry.Location));
    }

    [Fact]
    public void An_object_put_many_times_makes_no_trouble()
    {
        using var fixture = new IndexFixture(36);
        ObjectId id = fixture.NextId();
        IndexEntry[] entries = [.. Enumerable.Range(0, 100_000).Select(block => new IndexEntry(id, new SegmentLocation(1, (uint)block)))];
        using IndexFile file = fixture.Build(entries, IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1));
        Assert.Equal(1, file.KeyCount);
        Assert.Equal(1 + IndexLimits.CopiesPerKeyMax, file.RecordCount);
        Assert.True(file.TryFind(file.Seed.Hash(id), 0, out SegmentLocation newest));
        Assert.Equal(99_999u, newest.Block);
    }

    [Fact]
    public void Ids_that_differ_in_a_single_bit_are_told_apart()
    {
        using var fixture = new IndexFixture(37);
        var entries = new List<IndexEntry> { new(default, new SegmentLocation(1, 0)) };
        Span<byte> bytes = stackalloc byte[ObjectId.Size];
        for (int bit = 0; bit < ObjectId.Size * 8; bit++)
        {
            bytes.Clear();
            bytes[bit / 8] = (byte)(1 << (bit % 8));
            entries.Add(new IndexEntry(new ObjectId(bytes), new SegmentLocation(1, (uint)bit + 1)));
        }

        using IndexFile file = fixture.Build([.. entries], IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1));
        Assert.All(entries, entry => Assert.True(file.TryFind(file.Seed.Hash(entry.Id), 0, out SegmentLocation found) && found == entry.Location));
    }
}
