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

// Nodes that were restored, packs that are announced while listings leave them out, machines that sleep.
public sealed partial class PackStoreSharingTests
{
    [Fact]
    public async Task Restored_node_removes_and_answers_nothing_until_somebody_says_that_it_may()
    {
        await using (await FillAsync(_metadata, 1))
        {
        }

        using MemoryMetadataStore backup = NodeBackup.Copy(_metadata);
        await using (await FillAsync(_metadata, 2))
        {
        }

        await using PackStore restored = new(new MemoryFolder(_files), backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        for (ulong generation = 1; generation <= 3; generation++)
        {
            PackReclaim done = (await CollectAsync(restored, generation)).Done;
            Assert.Equal((0, 0), (done.RemovedPacks, done.WaitingPacks));
            Assert.Contains("bazil gc --restored", Assert.Single(done.Problems), StringComparison.Ordinal);
        }

        Assert.Contains("bazil gc --restored", Assert.Single((await restored.LookAsync(_none)).Problems), StringComparison.Ordinal);
        Assert.Equal(2, Packs().Count());

        // Nothing that the old rows concluded counts.
        Assert.Equal(0, (await CollectAsync(restored, PackRemoval.All, 4)).Done.RemovedPacks);
        Assert.Equal(0, (await CollectAsync(restored, 5)).Done.RemovedPacks);
        Assert.Equal(2, Packs().Count());
        await CollectAsync(restored, 6);
        Assert.Empty(Packs());
    }

    /// <summary>The server is killed, or the folder goes away, at each call to the folder in turn.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Death_while_old_rows_are_declared_right_leaves_them_old_or_right_and_nothing_lost(bool losesPower)
    {
        await using (await FillAsync(_metadata, 1, 2))
        {
        }

        using MemoryMetadataStore backup = NodeBackup.Copy(_metadata);
        await using (await FillAsync(_metadata, 3))
        {
        }

        ulong generation = 0;
        bool isDone = false;
        for (int calls = 0; !isDone; calls++)
        {
            int left = calls;
            var folder = new MemoryFolder(_files) { Calling = () => left-- <= 0 ? throw new StoreException("the folder is away") { IsUnreachable = true } : true };
            PackStore restored = new(folder, backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
            try
            {
                await CollectAsync(restored, PackRemoval.All, ++generation, 1, 3);
                isDone = true;
            }
            catch (StoreException)
            {
                Assert.Equal(2, Packs().Count());
            }

            left = 0;
            await restored.AbandonAsync();
            if (losesPower) backup.LoseUnsynced(new Random(calls));
        }

        // Two more collections, at least, before something goes.
        Assert.Equal(2, Packs().Count());
        await using PackStore last = new(new MemoryFolder(_files), backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        for (int run = 0; run < 4; run++) await CollectAsync(last, ++generation, 1, 3);
        Assert.Equal(Bytes(1), await ReadAsync(last, 1));
        Assert.Equal(Bytes(3), await ReadAsync(last, 3));
    }

    /// <summary>No room for one commit after the other.</summary>
    [Fact]
    public async Task Full_disk_of_the_database_fails_a_collection_by_name_and_later_ones_go_on()
    {
        await using (PackStore store = await FillAsync(_metadata, 1, 2))
        {
            await store.PutAsync(Id(3), Bytes(3), _none);
            await store.SyncAsync(_none);
        }

        ulong generation = 0;
        bool isDone = false;
        for (int room = 0; !isDone; room++)
        {
            using var full = new FullMetadata(_metadata);
            PackStore store = new(new MemoryFolder(_files), full, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
            full.CommitsLeft = room;
            try
            {
                for (int run = 0; run < 3; run++) await CollectAsync(store, ++generation, 2, 3);
                isDone = true;
            }
            catch (MetadataException e)
            {
                Assert.Equal(MetadataFailure.DiskFull, e.Failure);
            }

            await store.AbandonAsync();
        }

        await using PackStore last = Open(_metadata);
        for (int run = 0; run < 2; run++) await CollectAsync(last, ++generation, 2, 3);
        Assert.Equal(Bytes(2), await ReadAsync(last, 2));
        Assert.Equal(Bytes(3), await ReadAsync(last, 3));
        Assert.False(await last.HasAsync(Id(1), _none));
        Assert.False(last.Knows(Id(1)));
    }

    [Fact]
    public async Task What_a_restored_node_forgot_while_the_folder_was_away_is_found_again_when_it_is_back()
    {
        await using (await FillAsync(_metadata, 1))
        {
        }

        using MemoryMetadataStore backup = NodeBackup.Copy(_metadata);
        await using (PackStore newest = Open(_metadata)) await newest.RequireLeaseAsync(_none);
        var folder = new MemoryFolder(_files) { IsAway = true };
        PackStore OpenRestored() => new(folder, backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        await using (PackStore restored = OpenRestored())
        {
            for (ulong generation = 1; generation <= 2; generation++) await restored.SweepRowsAsync(Order(generation, isDryRun: false), _none);
            Assert.False(restored.Knows(Id(1)));
            folder.IsAway = false;

            // Its pack cannot be looked into at first: then nothing is known to be missing.
            folder.Forbidden.Add(Packs().Single());
            await Assert.ThrowsAsync<StoreException>(async () => await restored.GetAsync(Id(1), _none));
            Assert.False(restored.IsAbsent(Id(1)));
        }

        folder.Forbidden.Clear();
        await using (PackStore restored = OpenRestored())
        {
            Assert.Equal(Bytes(1), await ReadAsync(restored, 1));
            Assert.False(restored.Rely(Id(1))); // another state of this node has put it
            await restored.SweepRowsAsync(Order(3, isDryRun: false), _none);
            await restored.SweepRowsAsync(Order(4, isDryRun: false), _none);
            Assert.Equal(Bytes(1), await ReadAsync(restored, 1));
        }

        // That was durable: the packs are not looked into in each run.
        folder.Forbidden.Add(Packs().Single());
        await using PackStore last = OpenRestored();
        await last.RefreshAsync(_none);
        Assert.Empty(last.DamagedPacks);
    }

    /// <summary>The folder is looked into while the sweep runs, and the server is told to stop before its end.</summary>
    [Fact]
    public async Task What_a_restored_node_forgot_in_a_collection_that_was_broken_off_is_found_again()
    {
        await using (await FillAsync(_metadata, [.. Enumerable.Range(1, Limits.FossilBatch + 1)]))
        {
        }

        using MemoryMetadataStore backup = NodeBackup.Copy(_metadata);
        await using (PackStore newest = Open(_metadata)) await newest.RequireLeaseAsync(_none);
        var folder = new MemoryFolder(_files) { IsAway = true };
        await using (var restored = new PackStore(folder, backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true))
        {
            await restored.SweepRowsAsync(Order(1, isDryRun: false), _none);
            int steps = 0;
            var pace = new SteppedPace(async () =>
            {
                folder.IsAway = false;
                if (++steps == 1) await restored.RefreshAsync(_none);
                if (steps == Limits.FossilBatch) throw new OperationCanceledException();
            });
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await restored.SweepRowsAsync(Order(2, isDryRun: false) with { Pace = pace }, _none));
            Assert.True(PackLeaseRow.Read(backup, StoreId())!.IsOld);
            await restored.AbandonAsync();
        }

        await using PackStore again = new(folder, backup, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        for (int number = 1; number <= Limits.FossilBatch + 1; number++) Assert.Equal(Bytes(number), await ReadAsync(again, number));
        Assert.True(PackLeaseRow.Read(backup, StoreId())!.IsLookedInto);
    }

    [Fact]
    public async Task Pack_that_was_announced_and_that_a_listing_leaves_out_stays_announced()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2);
        string name = Packs().Single();
        await using PackStore other = await RelyAsync(_otherMetadata, 2);
        await CollectAsync(store, 1);
        Assert.Equal(1, (await CollectAsync(store, 2)).Done.WaitingPacks);
        await CollectAsync(other, 1, keeps: 2);
        await using PackStore late = new(new ForgetfulFolder(_files, name), _otherMetadata, new SodiumEntropy(), _time, TestNode.KeyOf(_otherMetadata), mayMake: true);
        await late.RefreshAsync(_none);
        _time.Advance(TimeSpan.FromMinutes(1));
        await other.RefreshAsync(_none);
        Assert.False(other.KnowsForSure(Id(1)));
        Assert.True(new PackIndex(_otherMetadata, StoreId()).IsDoomed(PackOf(name)));
        Assert.Equal(1, (await CollectAsync(store, 3)).Done.RemovedPacks);
        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
    }

    [Fact]
    public async Task Pack_that_was_announced_before_it_was_looked_into_is_looked_into_before_that_is_answered()
    {
        await using PackStore store = await FillAsync(_metadata, 1, 2);
        string name = Packs().Single();
        byte[] pack = _files[name];
        await using PackStore other = await FillAsync(_otherMetadata, 3);

        // Somebody else announces what this node has never seen.
        _files.TryRemove(name, out _);
        _time.Advance(TimeSpan.FromMinutes(1));
        await other.RefreshAsync(_none);
        PeerId remover = TestNode.KeyOf(_metadata).PeerId;
        PackLease lease = PackLease.First(remover) with { Sequence = 1L << 41, Round = new Guid("22222222-2222-2222-2222-222222222222"), Doomed = [PackOf(name)] };
        _files[lease.FileName] = lease.Encode(StoreId(), TestNode.KeyOf(_metadata));
        await other.PrepareAsync(_none);
        _files[name] = pack;
        Assert.Contains("not known here yet", Assert.Single((await other.ReclaimAsync(null, _none)).Problems), StringComparison.Ordinal);
        Assert.False(Said(_otherMetadata).HasAnswered(lease));

        // It needs one of them.
        Assert.Equal(1, (await CollectAsync(other, 1, 2, 3)).Done.MovedObjects);
        Assert.True(Said(_otherMetadata).HasAnswered(lease));
        _files.TryRemove(name, out _);
        Assert.Equal(Bytes(2), await ReadAsync(other, 2));
    }

    [Fact]
    public async Task Announced_pack_whose_directory_is_damaged_is_left_out_and_the_others_go()
    {
        await using PackStore store = await FillAsync(_metadata, 1);
        string damaged = Packs().Single();
        await store.PutAsync(Id(2), Bytes(2), _none);
        await store.SyncAsync(_none);
        await CollectAsync(store, 1);

        // Another node comes that has not looked into them when they are announced.
        KeyValuePair<string, byte[]>[] packs = [.. _files.Where(file => Packs().Contains(file.Key))];
        foreach ((string name, byte[] _) in packs) _files.TryRemove(name, out _);
        await using PackStore other = await FillAsync(_otherMetadata, 3);
        foreach ((string name, byte[] bytes) in packs) _files[name] = bytes;
        Assert.Equal(2, (await CollectAsync(store, 2)).Done.WaitingPacks);
        _files[damaged][^1] ^= 1;
        Assert.Contains("not known here yet", Assert.Single((await CollectAsync(other, 1, 3)).Done.Problems), StringComparison.Ordinal);

        PackReclaim done = (await CollectAsync(store, 3)).Done;
        Assert.Equal((0, 1), (done.RemovedPacks, done.WaitingPacks));
        Assert.Contains(damaged, Assert.Single(done.Problems), StringComparison.Ordinal);
        Assert.Single(done.Blockers); // another round, that nobody has answered
        await CollectAsync(other, 2, 3);
        done = (await CollectAsync(store, 4)).Done;
        Assert.Equal((1, 0), (done.RemovedPacks, done.WaitingPacks));
        Assert.Contains(damaged, Assert.Single(done.Problems), StringComparison.Ordinal); // and is not announced again
        Assert.Contains(damaged, Packs());

        // It is whole again, as after an error of the server: it goes as any other.
        _files[damaged][^1] ^= 1;
        Assert.Equal(1, (await CollectAsync(store, 5)).Done.WaitingPacks);
        await CollectAsync(other, 3, 3);
        Assert.Equal(1, (await CollectAsync(store, 6)).Done.RemovedPacks);
        Assert.Equal(Bytes(3), await ReadAsync(other, 3));
    }

    [Fact]
    public async Task Announced_packs_are_looked_into_once_in_each_run_while_another_node_is_away()
    {
        await using (PackStore store = await FillAsync(_metadata, 1, 2))
        {
            await using (await RelyAsync(_otherMetadata, 2))
            {
            }

            await CollectAsync(store, 1);
            Assert.Equal(1, (await CollectAsync(store, 2)).Done.WaitingPacks);
        }

        var folder = new MemoryFolder(_files);
        await using PackStore again = new(folder, _metadata, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        await CollectAsync(again, 3);
        var reads = new List<int>();
        for (ulong generation = 4; generation <= 6; generation++)
        {
            int before = folder.ReadCount;
            Assert.Equal(1, (await CollectAsync(again, generation)).Done.WaitingPacks);
            reads.Add(folder.ReadCount - before);
        }

        // Damaged since: the next run sees that.
        string pack = Packs().Single();
        _files[pack][^1] ^= 1;
        int left = folder.ReadCount;
        Assert.Empty((await CollectAsync(again, 7)).Done.Problems);
        Assert.Equal([folder.ReadCount - left], reads.Distinct());
        await using PackStore last = Open(_metadata);
        Assert.Contains((await CollectAsync(last, 8)).Done.Problems, problem => problem.Contains(pack, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(16, true)]
    [InlineData(3, false)]
    public async Task Machine_that_slept_while_it_removed_a_pack_looks_again_who_has_given_it_up_before_the_next(int last, bool isGivenUp)
    {
        await using (PackStore store = Open(_metadata))
        {
            for (int number = 1; number <= 20; number++)
            {
                await store.PutAsync(Id(number), Bytes(number), _none);
                await store.SyncAsync(_none);
            }
        }

        int leases = -1; // listings of them since it slept
        var folder = new ForgetfulFolder(_files, null) { Listing = directory => leases += leases >= 0 && directory == PackLease.Directory ? 1 : 0 };
        PeerId self = TestNode.KeyOf(_metadata).PeerId;
        folder.Deleted = count =>
        {
            if (count != last) return;
            _time.SetClock(TimeSpan.FromHours(1)); // the other clock stands still while a machine sleeps
            leases = 0;
            if (isGivenUp) _files[PackLease.FileNameOf(self)] = PackLease.EncodeGivenUp(StoreId(), self);
        };
        await using PackStore sleeper = new(folder, _metadata, new SodiumEntropy(), _time, TestNode.KeyOf(_metadata), mayMake: true);
        await CollectAsync(sleeper, 1);
        PackReclaim done = (await CollectAsync(sleeper, 2)).Done;
        if (!isGivenUp)
        {
            Assert.Equal(20, done.RemovedPacks);
            Assert.Equal(2, leases);
            Assert.Empty(done.Problems);
            return;
        }

        Assert.Equal(last, done.RemovedPacks);
        Assert.Contains("lease changed", Assert.Single(done.Problems), StringComparison.Ordinal);
        Assert.Equal(20 - last, Packs().Count());
    }

    private sealed class SteppedPace(Func<Task> step) : Pace(TimeProvider.System, 0)
    {
        public override async ValueTask StepAsync(CancellationToken cancel) => await step();
    }
}
