using Bazil.Storage.Arena;
using Bazil.Storage.Arena.Index;
using Xunit;

namespace Bazil.Storage.Tests.Arena.Index;

/// <summary>Damage is an exception that names the file, never a miss and never another object's place taken for granted.</summary>
public sealed class IndexDamageTests
{
    [Fact]
    public void Every_truncation_is_refused_when_the_file_is_opened()
    {
        using var fixture = new IndexFixture(41);
        byte[] whole = Small(fixture, out _, out string path);
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<DamagedIndexException>(() => IndexFile.Open(path, 1));
        }

        File.WriteAllBytes(path, [.. whole, 0]);
        Assert.Throws<DamagedIndexException>(() => IndexFile.Open(path, 1));
    }

    [Fact]
    public void No_flipped_bit_makes_an_object_not_found_or_found_elsewhere()
    {
        using var fixture = new IndexFixture(42);
        byte[] bytes = Small(fixture, out IndexEntry[] entries, out string path);
        int refusedCount = 0;
        int noticedCount = 0;
        int harmlessCount = 0;
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(path, bytes);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            IndexFile file;
            try
            {
                file = IndexFile.Open(path, 1);
            }
            catch (DamagedIndexException)
            {
                refusedCount++;
                continue;
            }

            using (file)
            {
                Assert.Throws<DamagedIndexException>(() => file.Verify(CancellationToken.None));
                if (IsNoticedByLookups(file, entries)) noticedCount++;
                else harmlessCount++; // an id, which lookups do not read
            }
        }

        Assert.True(refusedCount > 0 && noticedCount > 0);
        Assert.Equal(entries.Select(entry => entry.Id).Distinct().Count() * 32 * 8, harmlessCount);
    }

    [Fact]
    public void A_file_of_a_newer_version_is_refused_by_name()
    {
        using var fixture = new IndexFixture(43);
        byte[] bytes = Small(fixture, out _, out string path);
        bytes[8] = 2;
        BitConverter.TryWriteBytes(bytes.AsSpan(68), Checksum.Compute(bytes.AsSpan(0, 68)));
        File.WriteAllBytes(path, bytes);
        var exception = Assert.Throws<Storage.Stores.StoreException>(() => IndexFile.Open(path, 1));
        Assert.Contains("newer version", exception.Message);
        Assert.Contains(path, exception.Message);
    }

    [Fact]
    public void A_file_cut_while_it_is_open_is_an_exception_and_the_process_lives()
    {
        using var fixture = new IndexFixture(44);
        IndexEntry[] entries = fixture.Entries(1, 5000);
        using IndexFile file = fixture.Build(entries, IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1));
        using (var stream = new FileStream(file.Path, FileMode.Open, FileAccess.Write)) stream.SetLength(100);
        Assert.All(entries, entry => Assert.Throws<DamagedIndexException>(() => file.TryFind(file.Seed.Hash(entry.Id), 0, out _)));
    }

    private static byte[] Small(IndexFixture fixture, out IndexEntry[] entries, out string path)
    {
        IndexEntry[] some = fixture.Entries(1, 12);
        entries = [.. some, new IndexEntry(some[3].Id, new SegmentLocation(2, 9))];
        using IndexFile file = fixture.Build(entries, IndexSeed.Create(fixture.Entropy), IndexFixture.Segment(1), IndexFixture.Segment(2));
        path = file.Path;
        return File.ReadAllBytes(path);
    }

    private static bool IsNoticedByLookups(IndexFile file, IndexEntry[] entries)
    {
        bool isNoticed = false;
        foreach (IndexEntry entry in entries)
        {
            try
            {
                bool isFound = false;
                for (int copy = 0; file.TryFind(file.Seed.Hash(entry.Id), copy, out SegmentLocation location); copy++) isFound |= location == entry.Location;
                Assert.True(isFound, $"{entry.Id} is silently missing");
            }
            catch (DamagedIndexException)
            {
                isNoticed = true;
            }
        }

        return isNoticed;
    }
}
