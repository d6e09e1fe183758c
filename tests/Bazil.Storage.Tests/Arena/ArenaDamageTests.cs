using System.Text;
using Bazil.Core;
using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Files that were tampered with between two opens.</summary>
public sealed class ArenaDamageTests : IDisposable
{
    private const int Count = 10;
    private const int Size = 3000;

    private readonly ArenaFixture _arena = new();

    public void Dispose() => _arena.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_flipped_bit_of_a_segment_is_noticed_and_never_returned(bool isSealed)
    {
        int[] sizes = isSealed ? [100, 64, 1, 3500, 10] : [100, 64, 1];
        using var disk = new SimulatedDisk(new Random(1));
        ArenaOptions options = _arena.Options with { SegmentSizeBytesMax = 4096 };
        await using (ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options))
        {
            for (int number = 0; number < sizes.Length; number++) await store.PutAsync(Id(number), Content(number, sizes[number]), default);
            await store.SealAsync(default);
        }

        const string name = "segments/00000001.seg";
        var pristine = disk.Save();
        int bitCount = pristine.Names[name].Length * 8;
        for (int bit = 0; bit < bitCount; bit += bit > 8000 && bit < bitCount - 8000 ? 11 : 1) // the middle of the large object is all alike
        {
            disk.Restore(pristine);
            disk.Names[name].Flip(bit);
            await using ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options);
            await CheckAsync(store, sizes, bit);
        }
    }

    [Theory]
    [InlineData("catalog")]
    [InlineData("format")]
    public async Task Every_flipped_bit_of_a_small_file_is_harmless_or_a_refusal(string name)
    {
        using var disk = new SimulatedDisk(new Random(1));
        ArenaOptions options = _arena.Options with { SegmentSizeBytesMax = 4096 };
        await using (ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options))
        {
            for (int number = 0; number < 4; number++) await store.PutAsync(Id(number), Content(number, 1200), default);
        }

        var pristine = disk.Save();
        int refused = 0;
        int bitCount = pristine.SmallFiles[name].Length * 8;
        for (int bit = 0; bit < bitCount; bit++)
        {
            disk.Restore(pristine);
            byte[] bytes = [.. disk.SmallFiles[name]];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            disk.SmallFiles[name] = bytes;
            try
            {
                await using ArenaStore store = ArenaStore.Open("arena", disk.Mount(), options);
                for (int number = 0; number < 4; number++) Assert.Equal(Content(number, 1200), await ReadAsync(store, Id(number)));
                Assert.True(name == "format" || store.Problems.Any(problem => problem.Kind == StoreProblemKind.RebuiltIndex), $"bit {bit} was not noticed");
            }
            catch (StoreException)
            {
                refused++;
            }
        }

        Assert.True(name == "catalog" ? refused == 0 : refused > bitCount / 2, $"{refused} of {bitCount} refused");
    }

    [Fact]
    public async Task Damage_below_the_synced_length_is_kept_and_reported_and_what_follows_is_read()
    {
        await _arena.FillAsync(4, Size);
        Overwrite(_arena.SegmentFiles[0], 64, new byte[200]); // header and first bytes of the first record
        await using ArenaStore store = _arena.Open();
        Assert.Equal([StoreProblemKind.DamagedRange], store.Problems.Select(problem => problem.Kind));
        Assert.Single(Directory.GetFiles(Path.Combine(_arena.Root, "quarantine")));
        Assert.Null(await ReadAsync(store, Id(0)));
        for (int number = 1; number < 4; number++) Assert.Equal(Content(number, Size), await ReadAsync(store, Id(number)));
        await store.PutAsync(Id(0), Content(0, Size), default);
        Assert.Equal(Content(0, Size), await ReadAsync(store, Id(0)));
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Broken_header_in_a_sealed_segment_leaves_the_object_known_as_damaged()
    {
        await _arena.FillAsync(Count, Size);
        Overwrite(_arena.SegmentFiles[0], 64, new byte[64]);
        await using ArenaStore store = _arena.Open();
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(Id(0), default));
        Assert.False(await store.HasAsync(Id(0), default));
        DamageReport report = await store.VerifyAsync(long.MaxValue, default);
        Assert.Equal([Id(0)], report.DamagedIds);
        Assert.Equal(Count - 1, report.CheckedObjectCount);
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(Id(0), default));
        await store.PutAsync(Id(0), Content(0, Size), default);
        Assert.Equal(Content(0, Size), await ReadAsync(store, Id(0)));
    }

    [Fact]
    public async Task Torn_tail_that_was_never_synced_is_cut_without_ado()
    {
        await _arena.FillAsync(2, Size);
        string path = _arena.SegmentFiles[0];
        long length = new FileInfo(path).Length;
        using (FileStream file = File.OpenWrite(path))
        {
            file.Seek(0, SeekOrigin.End);
            file.Write(Content(9, 777));
        }

        await using ArenaStore store = _arena.Open();
        Assert.DoesNotContain(store.Problems, problem => problem.Kind is StoreProblemKind.DamagedRange or StoreProblemKind.DamagedObject);
        Assert.Equal(length, new FileInfo(path).Length);
        Assert.Equal(2, (await ScanAsync(store)).Count);
    }

    [Fact]
    public async Task Damaged_segment_header_is_written_anew_and_nothing_lost()
    {
        await _arena.FillAsync(Count, Size);
        foreach (string path in _arena.SegmentFiles) Overwrite(path, 0, new byte[64]);
        await using (ArenaStore store = _arena.Open())
        {
            await CheckAllAsync(store, Count);
            DamageReport report = await store.VerifyAsync(long.MaxValue, default);
            Assert.All(report.Problems, problem => Assert.Equal(StoreProblemKind.DamagedSegmentHeader, problem.Kind));
            Assert.Equal(_arena.SegmentFiles.Length, report.Problems.Count + store.Problems.Count);
            Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
        }

        File.Delete(Path.Combine(_arena.Root, "catalog"));
        foreach (string path in _arena.SegmentFiles) Overwrite(path, 0, new byte[64]);
        await using ArenaStore again = _arena.Open();
        await CheckAllAsync(again, Count);
    }

    [Fact]
    public async Task Lost_or_damaged_catalog_is_built_again()
    {
        await _arena.FillAsync(Count, Size);
        string path = Path.Combine(_arena.Root, "catalog");
        Overwrite(path, 20, [1, 2, 3]);
        await using (ArenaStore store = _arena.Open())
        {
            Assert.Equal([StoreProblemKind.RebuiltIndex], store.Problems.Select(problem => problem.Kind));
            await CheckAllAsync(store, Count);
        }

        File.Delete(path);
        await using ArenaStore again = _arena.Open();
        await CheckAllAsync(again, Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lost_or_damaged_index_is_built_again_from_the_segments(bool isLost)
    {
        await _arena.FillAsync(Count, Size);
        foreach (string path in Directory.GetFiles(Path.Combine(_arena.Root, "index")))
        {
            if (isLost) File.Delete(path);
            else Overwrite(path, 8, new byte[50]);
        }

        await using (ArenaStore store = _arena.Open())
        {
            await CheckAllAsync(store, Count);
            await store.SealAsync(default);
            await CheckAllAsync(store, Count);
        }

        Assert.NotEmpty(Directory.GetFiles(Path.Combine(_arena.Root, "index")));
        await using ArenaStore again = _arena.Open();
        Assert.Empty(again.Problems);
        await CheckAllAsync(again, Count);
    }

    [Fact]
    public async Task Missing_segment_is_named_and_its_objects_are_damaged_not_unknown()
    {
        await _arena.FillAsync(Count, Size);
        File.Delete(_arena.SegmentFiles[0]);
        await using ArenaStore store = _arena.Open();
        StoreProblem problem = Assert.Single(store.Problems);
        Assert.Equal(StoreProblemKind.MissingSegment, problem.Kind);
        Assert.Contains("00000001.seg", problem.Message, StringComparison.Ordinal);
        Assert.Contains("is missing", (await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(Id(0), default))).Message, StringComparison.Ordinal);
        Assert.Equal(Content(Count - 1, Size), await ReadAsync(store, Id(Count - 1)));
        Assert.False((await store.VerifyAsync(long.MaxValue, default)).IsClean);
        await store.PutAsync(Id(0), Content(0, Size), default);
        Assert.Equal(Content(0, Size), await ReadAsync(store, Id(0)));
    }

    [Fact]
    public async Task Copy_of_a_segment_is_not_taken_for_another()
    {
        await _arena.FillAsync(15, Size);
        File.Copy(_arena.SegmentFiles[0], Path.Combine(_arena.Root, "segments", "00000099.seg"));
        File.Copy(_arena.SegmentFiles[0], _arena.SegmentFiles[1], overwrite: true);
        await using ArenaStore store = _arena.Open();
        Assert.Contains(store.Problems, problem => problem.Kind == StoreProblemKind.ForeignSegment && problem.Message.Contains("is a copy of segment 1", StringComparison.Ordinal));
        Assert.Equal(Content(0, Size), await ReadAsync(store, Id(0)));
        StoreException exception = await Assert.ThrowsAnyAsync<StoreException>(async () => await store.GetAsync(Id(6), default));
        Assert.Contains("is a copy of segment 1", exception.Message, StringComparison.Ordinal);
        Assert.False(await store.HasAsync(Id(6), default));
        Assert.True(File.Exists(Path.Combine(_arena.Root, "segments", "00000099.seg")));
    }

    [Fact]
    public async Task Segment_of_another_store_is_left_alone()
    {
        using var other = new ArenaFixture { Options = _arena.Options };
        await other.FillAsync(1, Size);
        await _arena.FillAsync(1, Size);
        string path = Path.Combine(_arena.Root, "segments", "00000002.seg");
        File.Copy(other.SegmentFiles[0], path);
        byte[] before = await File.ReadAllBytesAsync(path);
        await using ArenaStore store = _arena.Open();
        Assert.Contains("belongs to another store", Assert.Single(store.Problems).Message, StringComparison.Ordinal);
        await store.PutAsync(Id(5), Content(5, Size), default);
        Assert.Equal(before, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Newer_format_is_refused_by_its_number()
    {
        await _arena.FillAsync(1, Size);
        string path = Path.Combine(_arena.Root, "format");
        await File.WriteAllTextAsync(path, "bazil arena store 2 whatever\n");
        Assert.Contains("format version 2", Assert.Throws<StoreException>(_arena.Open).Message, StringComparison.Ordinal);
        foreach (string junk in (string[])["junk", "bazil arena store 1\n", "bazil arena store 1 zz\n", ""])
        {
            await File.WriteAllTextAsync(path, junk);
            Assert.Throws<StoreException>(_arena.Open);
        }
    }

    [Fact]
    public async Task Second_open_of_a_store_is_refused()
    {
        await using ArenaStore store = _arena.Open();
        Assert.Contains("is in use by process", Assert.Throws<StoreException>(_arena.Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_made_of_records_are_not_mistaken_for_records()
    {
        await using (ArenaStore store = _arena.Open())
        {
            await store.PutAsync(Id(0), Content(0, 500), default);
            await store.SyncAsync(default);
        }

        byte[] segment = await File.ReadAllBytesAsync(_arena.SegmentFiles[0]);
        await using (ArenaStore store = _arena.Open()) await store.PutAsync(Id(1), segment, default);
        byte[] bytes = await File.ReadAllBytesAsync(_arena.SegmentFiles[0]);
        int header = bytes.AsSpan().LastIndexOf("BAZR"u8); // the mark; before it the second record
        int second = bytes.AsSpan().IndexOf(Id(1).Span) - 16;
        Assert.True(second > 0 && header > second);
        Overwrite(_arena.SegmentFiles[0], second, Encoding.ASCII.GetBytes("XXXX"));
        await using ArenaStore again = _arena.Open();
        Assert.Equal([Id(0)], (await ScanAsync(again)).Select(stored => stored.Id));
    }

    private static async Task CheckAsync(ArenaStore store, int[] sizes, int bit)
    {
        var damaged = new HashSet<ObjectId>();
        for (int number = 0; number < sizes.Length; number++)
        {
            try
            {
                byte[]? read = await ReadAsync(store, Id(number));
                if (read is null) damaged.Add(Id(number));
                else Assert.True(read.AsSpan().SequenceEqual(Content(number, sizes[number])), $"bit {bit}: wrong bytes of {number}");
            }
            catch (CorruptObjectException)
            {
                damaged.Add(Id(number));
            }
        }

        int knownProblems = store.Problems.Count;
        DamageReport report = await store.VerifyAsync(long.MaxValue, default);
        Assert.True(knownProblems > 0 || !report.IsClean, $"bit {bit} was not noticed");
        Assert.True(damaged.Count <= 1, $"bit {bit} cost {damaged.Count} objects");
    }

    private static async Task CheckAllAsync(ArenaStore store, int count)
    {
        for (int number = 0; number < count; number++) Assert.Equal(Content(number, Size), await ReadAsync(store, Id(number)));
        Assert.Equal(count, (await ScanAsync(store)).Count);
    }

    private static void Overwrite(string path, long offset, byte[] bytes)
    {
        using FileStream file = File.OpenWrite(path);
        file.Seek(offset, SeekOrigin.Begin);
        file.Write(bytes);
    }
}
