using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Tests.Folders;
using Bazil.Remotes.Tests.Packs.Model;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>What nodes that use one folder say to each other before anything is removed from it.</summary>
public sealed partial class PackStoreSharingTests : IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;

    private readonly ConcurrentDictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly MemoryMetadataStore _metadata = new();
    private readonly MemoryMetadataStore _otherMetadata = new();
    private readonly ManualTime _time = new();

    public void Dispose()
    {
        _metadata.Dispose();
        _otherMetadata.Dispose();
    }

    [Fact]
    public async Task What_nothing_refers_to_goes_with_the_second_collection_and_its_pack_with_it()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3, 4);
        Assert.Equal(3, (await CollectAsync(store, 1, keeps: 4)).Sweep.Fossilised.Objects);
        Assert.Single(Packs());
        (SweepReport sweep, PackPlan plan, PackReclaim done) = await CollectAsync(store, 2, keeps: 4);
        Assert.Equal(3, sweep.Deleted.Objects);
        Assert.Equal((1, 100), (plan.Packs, plan.MoveBytes));
        Assert.Equal((1, 1, 0), (done.RemovedPacks, done.MovedObjects, done.WaitingPacks));
        Assert.Single(Packs());
        Assert.Equal(Bytes(4), await ReadAsync(store, 4));
        Assert.Null(await ReadAsync(store, 1));
        Assert.True(store.Rely(Id(4)));
    }

    [Fact]
    public async Task Dry_run_says_what_would_go_and_changes_nothing()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3);
        await CollectAsync(store, 1, keeps: 3);
        Dictionary<string, byte[]> before = new(_files);
        int rows = CountRows();
        (SweepReport sweep, PackPlan plan) = await store.SweepRowsAsync(Order(2, isDryRun: true, 3), _none);
        Assert.Equal(2, sweep.Deleted.Objects);
        Assert.Equal((1, 100), (plan.Packs, plan.MoveBytes));
        Assert.Equal(before.Keys.Order(), _files.Keys.Order());
        Assert.Equal(rows, CountRows());
        Assert.Equal(2, (await CollectAsync(store, 2, keeps: 3)).Sweep.Deleted.Objects);
    }

    [Fact]
    public async Task Fossil_that_is_put_or_counted_on_again_stays_for_two_more_collections()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3);
        await CollectAsync(store, 1);
        await store.PutAsync(Id(1), Bytes(1), _none);
        Assert.True(store.Rely(Id(2)));
        Assert.Equal(1, (await CollectAsync(store, 2)).Sweep.Deleted.Objects);
        Assert.Equal(2, (await CollectAsync(store, 3)).Sweep.Deleted.Objects);
    }

    [Fact]
    public async Task What_members_may_need_waits_and_so_does_everything_when_a_collection_starts_again()
    {
        await using PackStore store = await FillAsync(_metadata, 1);
        await CollectAsync(store, 1);
        SweepReport waiting = (await store.SweepRowsAsync(Order(2, isDryRun: false) with { IsRipe = static _ => false }, _none)).Sweep;
        Assert.Equal(1, waiting.Waiting.Objects);
        waiting = (await store.SweepRowsAsync(Order(3, isDryRun: false) with { StartsAgain = true }, _none)).Sweep;
        Assert.Equal((1, 0), (waiting.Waiting.Objects, waiting.Deleted.Objects));
        Assert.Equal(0, (await store.SweepRowsAsync(Order(4, isDryRun: false) with { IsRipe = static generation => generation < 3 }, _none)).Sweep.Deleted.Objects);
        Assert.Equal(1, (await store.SweepRowsAsync(Order(5, isDryRun: false), _none)).Sweep.Deleted.Objects);
    }

    [Fact]
    public async Task Pack_goes_only_when_the_other_node_has_taken_what_it_needs_of_it()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3, 4);
        await using PackStore other = await RelyAsync(_otherMetadata, 2);
        await CollectAsync(store, 1, keeps: 4);
        PackReclaim done = (await CollectAsync(store, 2, keeps: 4)).Done;
        Assert.Equal((0, 1), (done.RemovedPacks, done.WaitingPacks));
        Assert.Equal(TestNode.KeyOf(_otherMetadata).PeerId, Assert.Single(done.Blockers).Node);

        // From the announcement on nobody relies on what is in it.
        await other.PrepareAsync(_none);
        Assert.False(other.Rely(Id(2)));
        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
        Assert.Equal(1, (await CollectAsync(other, 1, keeps: 2)).Done.MovedObjects);
        Assert.True(other.Rely(Id(2)));
        Assert.Equal(1, (await CollectAsync(store, 3, keeps: 4)).Done.RemovedPacks);
        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
        Assert.Equal(Bytes(4), await ReadAsync(store, 4));
        Assert.Equal(2, Packs().Count());
    }

    [Fact]
    public async Task What_the_remover_has_moved_serves_the_others_too()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3, 4);
        await using PackStore other = await RelyAsync(_otherMetadata, 4);
        await CollectAsync(store, 1, keeps: 4);
        await CollectAsync(store, 2, keeps: 4);
        _time.Advance(TimeSpan.FromMinutes(1));
        await CollectAsync(other, 1, keeps: 4);
        Assert.Equal(1, (await CollectAsync(store, 3, keeps: 4)).Done.RemovedPacks);
        Assert.Single(Packs());
        Assert.True(other.Rely(Id(4)));
        Assert.Equal(Bytes(4), await ReadAsync(other, 4));
    }

    [Fact]
    public async Task Lease_that_cannot_be_believed_blocks_and_is_named_until_it_is_released()
    {
        await using PackStore store = await FillAsync(_metadata, 1);
        PeerId gone = TestNode.Key(9).PeerId;
        _files[PackLease.FileNameOf(gone)] = [1, 2, 3];
        await CollectAsync(store, 1);
        PackBlocker blocker = Assert.Single((await CollectAsync(store, 2)).Done.Blockers);
        Assert.Equal(gone, blocker.Node);
        Assert.Contains("it is no lease", blocker.Problem, StringComparison.Ordinal);
        Assert.True(await store.ReleaseAsync(gone, _none));
        Assert.False(await store.ReleaseAsync(gone, _none));
        Assert.Equal(1, (await CollectAsync(store, 3)).Done.RemovedPacks);
        Assert.Empty(Packs());
    }

    [Fact]
    public async Task Packs_of_a_node_that_is_gone_are_collected_by_the_others()
    {
        await using (await FillAsync(_otherMetadata, 1, 2))
        {
        }

        await using PackStore store = await RelyAsync(_metadata, 2);
        await CollectAsync(store, 1, keeps: 2);
        Assert.Equal(0, (await CollectAsync(store, 2, keeps: 2)).Done.RemovedPacks);
        await store.ReleaseAsync(TestNode.KeyOf(_otherMetadata).PeerId, _none);
        for (ulong generation = 3; generation <= 4; generation++) await CollectAsync(store, generation);
        Assert.Empty(Packs());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Node_whose_lease_was_removed_or_replaced_takes_nothing_for_sure_any_more(bool isRemoved)
    {
        PeerId self = TestNode.KeyOf(_metadata).PeerId;
        await using (PackStore store = await FillAsync(_metadata, 1)) Assert.True(store.Rely(Id(1)));
        if (isRemoved) _files.TryRemove(PackLease.FileNameOf(self), out _);
        else _files[PackLease.FileNameOf(self)] = (PackLease.First(self) with { Sequence = 1_000_000 }).Encode(StoreId(), TestNode.KeyOf(_metadata));
        await using PackStore again = Open(_metadata);
        ulong generation = again.Generation;
        int losses = 0;
        again.Lost += () => losses++;
        Assert.Empty(await again.ConfirmAsync([Id(1)], _none));
        Assert.False(again.Rely(Id(1)));
        Assert.NotEqual(generation, again.Generation);
        Assert.Equal(1, losses);
        Assert.True(again.Knows(Id(1)));
    }

    [Theory]
    [InlineData(1_000_000, "was not as it had left it")] // a folder that was restored
    [InlineData(1L << 40, "is older than what it has said")] // a data directory that was
    public async Task What_another_copy_of_this_node_announced_is_neither_removed_nor_said_any_more(long sequence, string problem)
    {
        await using (PackStore store = await FillAsync(_metadata, 1, 2))
        {
            await store.SyncAsync(_none);
        }

        // The announcement is signed, and this node needs what it names.
        PackId pack = PackOf(Packs().Single());
        PeerId self = TestNode.KeyOf(_metadata).PeerId;
        PackLease old = PackLease.First(self) with { Sequence = (ulong)sequence, Round = new Guid("11111111-1111-1111-1111-111111111111"), Doomed = [pack] };
        _files[old.FileName] = old.Encode(StoreId(), TestNode.KeyOf(_metadata));
        await using PackStore again = Open(_metadata);
        for (ulong generation = 1; generation <= 3; generation++)
        {
            PackReclaim done = (await CollectAsync(again, generation)).Done;
            Assert.Equal((0, 0), (done.RemovedPacks, done.WaitingPacks));
            Assert.Contains(problem, Assert.Single(done.Problems), StringComparison.Ordinal);
        }

        PackLease said = PackLease.Parse(_files[old.FileName], StoreId(), self);
        Assert.Equal((0, Guid.Empty, true), (said.Doomed.Length, said.Round, said.Sequence > old.Sequence));
        Assert.Single(Packs());
    }

    [Fact]
    public async Task Pack_whose_row_says_too_little_is_not_removed_while_something_in_it_is_needed()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2);
        PackId pack = PackOf(Packs().Single());
        var index = new PackIndex(_metadata, StoreId());
        PackUse use = index.FindPack(pack)!.Value;
        byte[] key = [(byte)Table.RemotePack, .. StoreId(), .. new byte[PackId.Size]];
        pack.Write(key.AsSpan(^PackId.Size..));
        var batch = new MetadataBatch();
        batch.Put(key, (use with { WantedBytes = 0 }).ToRow());
        _metadata.Commit(batch);
        Assert.Equal(0, (await CollectAsync(store, 1, 1, 2)).Done.RemovedPacks);
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
        Assert.Equal(200, index.FindPack(pack)!.Value.WantedBytes);
        await CollectAsync(store, 2, 1, 2);
        await CollectAsync(store, 3, 1, 2);
        Assert.Equal(Bytes(2), await ReadAsync(store, 2));
    }

    [Fact]
    public async Task Node_that_only_answers_announces_and_removes_nothing()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3, 4);
        await using PackStore other = await RelyAsync(_otherMetadata, 2);
        await CollectAsync(store, 1, keeps: 4);
        Assert.Equal(0, (await CollectAsync(store, PackRemoval.None, 2, 4)).Done.WaitingPacks);
        Assert.Equal(1, (await CollectAsync(store, 3, keeps: 4)).Done.WaitingPacks);
        Assert.Equal(1, (await CollectAsync(other, PackRemoval.None, 1, 2)).Done.MovedObjects);
        PackReclaim done = await store.ReclaimAsync(PackRemoval.None, null, _none);
        Assert.Equal((0, 1), (done.RemovedPacks, done.WaitingPacks));
        Assert.Equal(1, (await CollectAsync(store, 4, keeps: 4)).Done.RemovedPacks);
        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
    }

    /// <summary>What it wrote after the backup is not its to remove: it may have promised that to others.</summary>
    [Fact]
    public async Task Lease_that_is_missing_after_a_write_was_cut_off_is_written_anew_and_the_rows_are_not_old()
    {
        await using (await FillAsync(_metadata, 1))
        {
        }

        string name = PackLease.FileNameOf(TestNode.KeyOf(_metadata).PeerId);
        var metadata = PackLeaseRow.Read(_metadata, StoreId())!;
        var batch = new MetadataBatch();
        (metadata with { Writing = metadata.Written }).Put(batch, StoreId());
        _metadata.Commit(batch);
        Assert.True(_files.TryRemove(name, out _));
        await using (PackStore again = Open(_metadata))
        {
            await again.PrepareAsync(_none);
            Assert.False(again.Rely(Id(1))); // others may have done without asking
            Assert.False(PackLeaseRow.Read(_metadata, StoreId())!.IsOld);
            Assert.True(Said(_metadata).Sequence > metadata.Sequence);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lease_that_was_seen_and_is_not_there_blocks_until_it_is_back_or_given_up(bool comesBack)
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2);
        await using PackStore other = await RelyAsync(_otherMetadata, 2);
        PeerId node = TestNode.KeyOf(_otherMetadata).PeerId;
        await CollectAsync(store, 1);
        Assert.True(_files.TryRemove(PackLease.FileNameOf(node), out byte[]? lease));
        for (ulong generation = 2; generation <= 3; generation++)
        {
            PackBlocker blocker = Assert.Single((await CollectAsync(store, generation)).Done.Blockers);
            Assert.Equal(node, blocker.Node);
            Assert.Contains("nobody has given it up", blocker.Problem, StringComparison.Ordinal);
        }

        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
        if (comesBack)
        {
            _files[PackLease.FileNameOf(node)] = lease;
            await CollectAsync(other, 1, keeps: 2);
        }
        else
        {
            Assert.True(await store.ReleaseAsync(node, _none));
        }

        Assert.Equal(1, (await CollectAsync(store, 4)).Done.RemovedPacks);
        if (comesBack) Assert.Equal(Bytes(2), await ReadAsync(other, 2));
    }

    /// <summary>Two addresses of one store have the same rows: what is counted on through one of them is no garbage for the other.</summary>
    [Fact]
    public async Task What_is_counted_on_through_another_address_of_the_store_is_no_fossil_any_more()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2);
        await using var other = new PackStore(new MemoryFolder(_files, "memory:other"), _metadata, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        await other.RequireLeaseAsync(_none);
        await CollectAsync(store, 1);
        Assert.True(other.Rely(Id(1)));
        await other.PutAsync(Id(2), Bytes(2), _none);
        Assert.Equal(0, (await CollectAsync(store, 2)).Sweep.Deleted.Objects);
        Assert.Equal(Bytes(1), await ReadAsync(other, 1));
        Assert.Equal(2, (await CollectAsync(store, 3)).Sweep.Deleted.Objects);
    }

    [Fact]
    public async Task Object_is_confirmed_only_when_its_pack_is_there_now()
    {
        await using PackStore store = await FillAsync(_metadata, 1);
        await store.PutAsync(Id(2), Bytes(2), _none);
        await store.SyncAsync(_none);
        Assert.Equal([Id(1), Id(2)], (await store.ConfirmAsync([Id(1), Id(2), Id(3)], _none)).OrderBy(static id => id.ToString(), StringComparer.Ordinal));
        Assert.Equal(0, _metadata.UnsyncedCount);
        string pack = Packs().OrderBy(name => _files[name].Length).First();
        _files.TryRemove(pack, out _);
        Assert.Single(await store.ConfirmAsync([Id(1), Id(2)], _none));
    }

    [Fact]
    public async Task Node_that_leaves_gives_its_lease_up_and_forgets_what_it_knew()
    {
        await using PackStore store = await FillAsync(_metadata, 1);
        await store.LeaveAsync(_none);
        PeerId self = TestNode.KeyOf(_metadata).PeerId;
        Assert.True(PackLease.IsGivenUp(_files[PackLease.FileNameOf(self)], StoreId(), self));
        Assert.False(store.Knows(Id(1)));
        await store.LeaveAsync(_none);
    }

    [Fact]
    public async Task Damaged_object_that_is_needed_keeps_its_pack()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2, 3, 4);
        await CollectAsync(store, 1, keeps: 4);
        string pack = Packs().Single();
        _files[pack][350] ^= 1; // of object 4
        PackReclaim done = (await CollectAsync(store, 2, keeps: 4)).Done;
        Assert.Equal((0, 0), (done.RemovedPacks, done.WaitingPacks));
        Assert.Contains("has other bytes", Assert.Single(done.Problems), StringComparison.Ordinal);

        // It is put again from elsewhere.
        await store.PutAsync(Id(4), Bytes(4), _none);
        await store.SyncAsync(_none);
        Assert.Equal(1, (await CollectAsync(store, 3, keeps: 4)).Done.RemovedPacks);
        Assert.Equal(Bytes(4), await ReadAsync(store, 4));
    }

    private async Task<PackStore> FillAsync(MemoryMetadataStore metadata, params int[] numbers)
    {
        PackStore store = Open(metadata);
        foreach (int number in numbers) await store.PutAsync(Id(number), Bytes(number), _none);
        await store.SyncAsync(_none);
        return store;
    }

    /// <summary>A node that relies on what another has put.</summary>
    private async Task<PackStore> RelyAsync(MemoryMetadataStore metadata, int number)
    {
        PackStore store = Open(metadata);
        await store.PrepareAsync(_none);
        using IMemoryOwner<byte> read = (await store.GetAsync(Id(number), _none))!;
        Assert.Equal(Bytes(number), read.Memory.ToArray());
        store.NoteVerified(Id(number), read);
        Assert.True(store.Rely(Id(number)));
        return store;
    }

    private Task<(SweepReport Sweep, PackPlan Plan, PackReclaim Done)> CollectAsync(PackStore store, ulong generation, params int[] keeps) => CollectAsync(store, PackRemoval.Own, generation, keeps);

    private async Task<(SweepReport Sweep, PackPlan Plan, PackReclaim Done)> CollectAsync(PackStore store, PackRemoval removal, ulong generation, params int[] keeps)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        await store.PrepareAsync(_none);
        (SweepReport sweep, PackPlan plan) = await store.SweepRowsAsync(Order(generation, isDryRun: false, keeps), _none);
        return (sweep, plan, await InTimeAsync(store.ReclaimAsync(removal, null, _none)));
    }

    /// <summary>Lets time pass while work waits for it.</summary>
    private async Task<T> InTimeAsync<T>(Task<T> work)
    {
        while (!work.IsCompleted)
        {
            if (_time.CountDue(TimeSpan.FromSeconds(5)) > 0) _time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        return await work;
    }

    private static SweepOrder Order(ulong generation, bool isDryRun, params int[] keeps) =>
        new(generation, id => keeps.Any(number => Id(number) == id), static _ => true, StartsAgain: false, isDryRun, Pace.Full);

    private PackLease Said(MemoryMetadataStore metadata)
    {
        PeerId node = TestNode.KeyOf(metadata).PeerId;
        return PackLease.Parse(_files[PackLease.FileNameOf(node)], StoreId(), node);
    }

    private PackStore Open(MemoryMetadataStore metadata) => new(new MemoryFolder(_files), metadata, new SodiumEntropy(), _time, TestNode.KeyOf(metadata), mayMake: true);

    private IEnumerable<string> Packs() => _files.Keys.Where(static name => name.StartsWith(PackId.Directory, StringComparison.Ordinal));

    private static PackId PackOf(string name) => PackId.TryParseFileName(name, out PackId pack) ? pack : throw new InvalidOperationException(name);

    private byte[] StoreId() => PackStoreMark.Recall(_metadata, "memory:folder")!;

    private int CountRows()
    {
        using IMetadataCursor cursor = _metadata.Scan([], []);
        int count = 0;
        while (cursor.MoveNext()) count++;
        return count;
    }

    private static ObjectId Id(int number) => PackFormatTests.Id(number);

    private static byte[] Bytes(int number) => [.. Enumerable.Repeat((byte)number, 100)];

    private static async Task<byte[]?> ReadAsync(PackStore store, int number)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(Id(number), _none);
        return found?.Memory.ToArray();
    }
}
