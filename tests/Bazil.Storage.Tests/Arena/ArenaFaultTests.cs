using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using Bazil.Unix;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>Bad places on the disk of a store that is in use: nothing that may still be good is given up for them.</summary>
public sealed class ArenaFaultTests : IDisposable
{
    private const int Size = 20_000; // three in a segment
    private const string First = "segments/00000001.seg";
    private const string Second = "segments/00000002.seg";
    private const int RecordSizeBytes = 64 + 20_032;
    private const int PageSizeBytes = 4096;

    private static readonly ArenaOptions _options = new() { SegmentSizeBytesMax = 65_536, RunsInBackground = false, FreeFloorBytes = 0, CompactionBytesPerSecond = long.MaxValue };

    private readonly SimulatedDisk _disk = new(new Random(1));

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task Compaction_reads_the_other_record_of_an_object_before_it_gives_up_the_good_one()
    {
        ArenaStore store = await FillAsync(4);
        await DeleteAsync(store, 0, 1);
        SimulatedContent first = _disk.Names[First].Copy();
        byte[] catalog = _disk.SmallFiles["catalog"];
        await store.CompactAsync(default);
        Assert.False(_disk.Names.ContainsKey(First));
        await store.DisposeAsync();

        // As if it had been interrupted before the old segment went; and the new record is damaged.
        _disk.Names[First] = first;
        _disk.SmallFiles["catalog"] = catalog;
        _disk.Names[Second].Flip((64 + RecordSizeBytes + 64 + 100) * 8);
        await using ArenaStore again = Open();
        await again.UpkeepAsync(default);

        Assert.False(_disk.Names.ContainsKey(First));
        Assert.Equal(Content(2, Size), await ReadAsync(again, Id(2)));
        Assert.Equal([StoreProblemKind.DamagedObject], again.Problems.Select(problem => problem.Kind));
    }

    [Fact]
    public async Task Unreadable_place_keeps_its_segment_and_stops_neither_compaction_of_others_nor_a_listing()
    {
        await using ArenaStore store = await FillAsync(7);
        await DeleteAsync(store, 0, 1, 3, 4);
        BreakPage(First, 64 + (2 * RecordSizeBytes) + 8192);
        for (int i = 0; i < 3; i++) await store.UpkeepAsync(default);

        Assert.True(_disk.Names.ContainsKey(First));
        Assert.False(_disk.Names.ContainsKey(Second));
        StoreProblem problem = Assert.Single(store.Problems);
        Assert.Equal(StoreProblemKind.UnreadableRange, problem.Kind);
        Assert.Contains("00000001.seg is not compacted and stays as it is", problem.Message, StringComparison.Ordinal);
        Assert.Contains("its disk fails", (await Assert.ThrowsAsync<StoreException>(async () => await ReadAsync(store, Id(2)))).Message, StringComparison.Ordinal);
        Assert.Equal([Id(2), Id(5), Id(6)], (await ScanAsync(store)).Select(stored => stored.Id).Order(Comparer<Core.ObjectId>.Create((left, right) => NumberOf(left) - NumberOf(right))));

        _disk.ReadFault = null;
        await store.DisposeAsync();
        await using ArenaStore again = Open();
        await again.UpkeepAsync(default);
        Assert.False(_disk.Names.ContainsKey(First));
        foreach (int number in (int[])[2, 5, 6]) Assert.Equal(Content(number, Size), await ReadAsync(again, Id(number)));
    }

    [Fact]
    public async Task Unreadable_header_of_a_record_costs_no_other_object_and_is_given_back_when_it_can_be_read()
    {
        await using ArenaStore store = await FillAsync(7);
        await DeleteAsync(store, 0);
        BreakPage(First, 64 + RecordSizeBytes);
        DamageReport report = await store.VerifyAsync(long.MaxValue, default);
        Assert.False(report.IsClean);
        Assert.Empty(report.DamagedIds);
        Assert.Contains(report.Problems, problem => problem.Kind == StoreProblemKind.UnreadableRange);
        Assert.DoesNotContain(_disk.SmallFiles.Keys, name => name.StartsWith("quarantine", StringComparison.Ordinal));
        Assert.Equal(Content(2, Size), await ReadAsync(store, Id(2)));
        await Assert.ThrowsAsync<StoreException>(async () => await ReadAsync(store, Id(1)));
        Assert.False(await store.HasAsync(Id(1), default));

        _disk.ReadFault = null;
        Assert.Equal(Content(1, Size), await ReadAsync(store, Id(1)));
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Object_that_cannot_be_read_is_replaced_when_a_good_one_is_at_hand()
    {
        await using ArenaStore store = await FillAsync(4);
        BreakPage(First, 8192);
        await store.PutAsync(Id(0), Content(0, Size), default); // it is there: a hit
        await Assert.ThrowsAsync<StoreException>(async () => await ReadAsync(store, Id(0)));
        store.MarkDamaged(Id(0));
        await store.PutAsync(Id(0), Content(0, Size), default);
        Assert.Equal(Content(0, Size), await ReadAsync(store, Id(0)));
    }

    [Fact]
    public async Task Place_that_reads_differently_at_the_second_look_is_left_alone()
    {
        await using ArenaStore store = await FillAsync(4);
        var pristine = _disk.Save();
        int faults = 0;
        _disk.ReadFault = (name, offset, bytes) =>
        {
            // Both reads of the first walk see garbage where the header of the first record is.
            if (name == First && offset == 64 && faults++ < 2) bytes[..64].Clear();
        };
        DamageReport report = await store.VerifyAsync(long.MaxValue, default);
        Assert.Contains(report.Problems, problem => problem.Kind == StoreProblemKind.UnreadableRange);
        Assert.Empty(report.DamagedIds);
        byte[] now = new byte[4096], before = new byte[4096];
        Assert.Equal(pristine.Names[First].Read(before, 0), _disk.Names[First].Read(now, 0));
        Assert.Equal(before, now);
        Assert.True((await store.VerifyAsync(long.MaxValue, default)).IsClean);
    }

    [Fact]
    public async Task Unreadable_place_at_opening_is_left_and_the_rest_is_read()
    {
        await using (ArenaStore store = ArenaStore.Open("arena", _disk.Mount(), _options))
        {
            for (int number = 0; number < 20; number++) await store.PutAsync(Id(number), Content(number, 1200), default);
        }

        BreakPage(First, 8192);
        for (int i = 0; i < 3; i++)
        {
            await using ArenaStore again = ArenaStore.Open("arena", _disk.Mount(), _options);
            Assert.Equal([StoreProblemKind.UnreadableRange], again.Problems.Select(problem => problem.Kind));
            await again.PutAsync(Id(100 + i), Content(100 + i, 1200), default);
            await again.SyncAsync(default);
            for (int number = 0; number <= 4; number++) Assert.Equal(Content(number, 1200), await ReadAsync(again, Id(number)));
            for (int number = 10; number < 20; number++) Assert.Equal(Content(number, 1200), await ReadAsync(again, Id(number)));
            for (int number = 100; number <= 100 + i; number++) Assert.Equal(Content(number, 1200), await ReadAsync(again, Id(number)));
        }

        _disk.ReadFault = null;
        await using ArenaStore whole = ArenaStore.Open("arena", _disk.Mount(), _options);
        Assert.Empty(whole.Problems);
        for (int number = 0; number < 20; number++) Assert.Equal(Content(number, 1200), await ReadAsync(whole, Id(number)));
    }

    [Fact]
    public async Task Disk_that_shows_nothing_is_not_taken_for_an_empty_one()
    {
        ArenaStore store = await FillAsync(4);
        _disk.ReadFault = (name, _, _) => throw new UnixException(Errno.EIO, "read", name);
        await Assert.ThrowsAsync<StoreException>(async () => await ScanAsync(store));
        await Assert.ThrowsAsync<StoreException>(async () => await store.VerifyAsync(long.MaxValue, default));
        ReadFault fault = _disk.ReadFault;
        _disk.ReadFault = null;
        await store.DisposeAsync();
        _disk.ReadFault = fault;
        Assert.ThrowsAny<IOException>(Open);
    }

    [Fact]
    public async Task Crash_before_a_new_segment_was_synced_is_not_remembered_as_a_missing_segment()
    {
        ArenaStore store = await FillAsync(4); // the catalog names both
        Assert.Equal(2, _disk.Names.Count);
        await store.DisposeAsync();
        _disk.Names[Second].Truncate(0);
        await Open().DisposeAsync();
        _disk.KillProcess();
        await using ArenaStore again = Open();
        Assert.Empty(again.Problems);
    }

    [Fact]
    public async Task Store_with_a_segment_of_a_newer_version_is_refused_by_name()
    {
        await (await FillAsync(4)).DisposeAsync();
        SimulatedContent content = _disk.Names[Second];
        byte[] header = new byte[64];
        content.Read(header, 0);
        header[8] = 2;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(60), Checksum.Compute(header.AsSpan(0, 60)));
        content.Write(header, 0);
        Assert.Contains("00000002.seg has version 2, and this Bazil knows only 1: upgrade it", Assert.Throws<NewerSegmentException>(Open).Message, StringComparison.Ordinal);

        // Also where nothing else is known of it.
        _disk.SmallFiles.Remove("catalog");
        Assert.Throws<NewerSegmentException>(Open);
    }

    private static int NumberOf(Core.ObjectId id) => Enumerable.Range(0, 1000).First(number => Id(number) == id);

    /// <summary>Every read that touches the page of this byte fails.</summary>
    private void BreakPage(string file, long place) => _disk.ReadFault = (name, offset, bytes) =>
    {
        if (name == file && offset < (place / PageSizeBytes * PageSizeBytes) + PageSizeBytes && offset + bytes.Length > place / PageSizeBytes * PageSizeBytes) throw new UnixException(Errno.EIO, "read", name);
    };

    private ArenaStore Open() => ArenaStore.Open("arena", _disk.Mount(), _options);

    private async Task<ArenaStore> FillAsync(int count)
    {
        ArenaStore store = Open();
        for (int number = 0; number < count; number++) await store.PutAsync(Id(number), Content(number, Size), default);
        await store.SealAsync(default);
        return store;
    }

    private static async Task DeleteAsync(ArenaStore store, params int[] numbers)
    {
        foreach (int number in numbers) Assert.True(await store.DeleteAsync(Id(number), default));
        await store.ReclaimAsync(default);
    }
}
