using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;
using Bazil.Remotes.Tests.Folders;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>What counts as being there, and what becomes of that when others remove, damage or invent it.</summary>
public sealed class PackStoreLossTests : IDisposable
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
    public async Task Another_store_in_its_place_is_refused_within_one_run_and_nothing_is_written_there()
    {
        await using PackStore store = Open(_metadata);
        await store.PutAsync(Id(1), Bytes(1), _none);
        await store.SyncAsync(_none);
        Dictionary<string, byte[]> right = new(_files);
        ConcurrentDictionary<string, byte[]> wrong = new(StringComparer.Ordinal);
        await using (PackStore other = Open(_otherMetadata, new MemoryFolder(wrong))) await other.MeetAsync(_none);

        // The disk is swapped.
        Replace(wrong);
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => store.MeetAsync(_none));
        Assert.Contains("is another store than before", refused.Message, StringComparison.Ordinal);
        await store.PutAsync(Id(2), Bytes(2), _none);
        refused = await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(_none));
        Assert.Contains("is another store than before", refused.Message, StringComparison.Ordinal);
        Assert.Equal(wrong.Keys.Order(), _files.Keys.Order());
        _files.Clear();
        refused = await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(_none));
        Assert.Contains("is no store any more", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_files);

        // The right one is put back: nothing was taken for lost, and what waited goes there.
        Replace(right);
        await store.SyncAsync(_none);
        Assert.Equal(2, _files.Keys.Count(IsPack));
        Assert.True(store.KnowsForSure(Id(1)) && store.KnowsForSure(Id(2)));

        void Replace(IEnumerable<KeyValuePair<string, byte[]>> files)
        {
            _files.Clear();
            foreach ((string name, byte[] content) in files) _files[name] = content;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pack_that_is_gone_or_cut_off_counts_no_more_and_is_written_again(bool isCutOff)
    {
        await PutAsync(_metadata, 1);
        string pack = _files.Keys.Single(IsPack);
        await PutAsync(_metadata, 2);
        await using PackStore store = Open(_metadata);
        await store.MeetAsync(_none);
        ulong generation = store.Generation;
        int losses = 0;
        store.Lost += () => losses++;
        Assert.True(store.KnowsForSure(Id(1)) && store.KnowsForSure(Id(2)));

        if (isCutOff) _files[pack] = _files[pack][..^1];
        else _files.TryRemove(pack, out _);
        await RefreshAsync(store);
        Assert.False(store.Knows(Id(1)));
        Assert.True(store.KnowsForSure(Id(2)));
        Assert.NotEqual(generation, store.Generation);
        Assert.Equal(1, losses);
        Assert.Equal(isCutOff ? 1 : 0, store.DamagedPacks.Count);

        generation = store.Generation;
        await store.PutAsync(Id(1), Bytes(1), _none);
        await store.SyncAsync(_none);
        await RefreshAsync(store);
        Assert.True(store.KnowsForSure(Id(1)));
        Assert.Equal(generation, store.Generation);
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
    }

    [Fact]
    public async Task Generation_lasts_over_a_start_and_ends_when_the_store_is_forgotten()
    {
        await PutAsync(_metadata, 1);
        ulong generation = await GenerationAsync(_metadata);
        Assert.NotEqual(0UL, generation);
        Assert.Equal(generation, await GenerationAsync(_metadata));
        PackStore.Forget(_metadata, "memory:folder");
        Assert.NotEqual(generation, await GenerationAsync(_metadata));
    }

    [Fact]
    public async Task Object_found_damaged_is_no_copy_any_more_but_still_damage_until_it_is_put_again()
    {
        await PutAsync(_metadata, 1);
        _files[_files.Keys.Single(IsPack)][0] ^= 1;
        await using PackStore store = Open(_metadata);
        await store.MeetAsync(_none);
        ulong generation = store.Generation;
        int losses = 0;
        store.Lost += () => losses++;
        for (int attempt = 0; attempt < 2; attempt++) await Assert.ThrowsAsync<CorruptObjectException>(async () => await ReadAsync(store, 1));
        Assert.Equal(1, losses);
        Assert.NotEqual(generation, store.Generation);
        Assert.False(store.Knows(Id(1)));
        Assert.False(await store.HasAsync(Id(1), _none));

        // Another node's copy will do, too.
        await using (PackStore other = Open(_otherMetadata))
        {
            await other.MeetAsync(_none);
            await other.PutAsync(Id(1), Bytes(1), _none);
        }

        await RefreshAsync(store);
        Assert.True(store.Knows(Id(1)));
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
    }

    [Fact]
    public async Task What_was_read_while_it_waited_to_be_written_says_nothing_about_the_pack_of_another_node()
    {
        await PutAsync(_otherMetadata, 1);
        await using PackStore store = Open(_metadata, new MemoryFolder(_files));
        await store.MeetAsync(_none);
        using (IMemoryOwner<byte> read = (await store.GetAsync(Id(1), _none))!) Assert.False(store.IsCopied(Id(1)));
        await store.RequireLeaseAsync(_none);
        await store.PutAsync(Id(1), Bytes(1), _none); // what is there could not be opened
        using IMemoryOwner<byte> waiting = (await store.GetAsync(Id(1), _none))!;
        store.NoteVerified(Id(1), waiting);
        Assert.False(store.IsCopied(Id(1)));
    }

    [Fact]
    public async Task What_another_node_says_to_be_there_is_taken_for_sure_only_when_it_was_read()
    {
        await PutAsync(_otherMetadata, 1, 2);
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(_metadata, folder);
        await store.MeetAsync(_none);
        Assert.True(store.Knows(Id(1)));
        Assert.False(store.KnowsForSure(Id(1)));
        using (IMemoryOwner<byte> read = (await store.GetAsync(Id(1), _none))!) store.NoteVerified(Id(1), read);
        Assert.True(store.KnowsForSure(Id(1)));

        // What is not sure is written.
        await store.RequireLeaseAsync(_none);
        foreach (int number in (int[])[1, 2]) await store.PutAsync(Id(number), Bytes(number), _none);
        await store.SyncAsync(_none);
        Assert.True(store.KnowsForSure(Id(2)));
        Assert.Equal(2, folder.WriteCount); // the lease and a pack
        Assert.Equal(2, _files.Keys.Count(IsPack));
    }

    [Fact]
    public async Task Object_that_lay_in_two_packs_is_found_in_the_other_when_one_is_removed()
    {
        await PutAsync(_otherMetadata, 1);
        string first = _files.Keys.Single(IsPack);
        await using PackStore store = Open(_metadata);
        await store.MeetAsync(_none);
        using var third = new MemoryMetadataStore();
        await using (PackStore more = Open(third))
        {
            await more.PutAsync(Id(1), Bytes(1), _none); // not met yet: it does not know that it is there
            await more.PutAsync(Id(2), Bytes(2), _none);
        }

        await RefreshAsync(store);
        _files.TryRemove(first, out _);
        await RefreshAsync(store);
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
        Assert.Equal(Bytes(2), await ReadAsync(store, 2));
    }

    [Fact]
    public async Task Pack_that_may_not_be_read_does_not_hide_the_others()
    {
        await PutAsync(_otherMetadata, 1);
        string forbidden = _files.Keys.Single(IsPack);
        await PutAsync(_otherMetadata, 2);
        var folder = new MemoryFolder(_files);
        folder.Forbidden.Add(forbidden);
        await using PackStore store = Open(_metadata, folder);
        Assert.Equal(Bytes(2), await ReadAsync(store, 2));
        Assert.Contains("permission denied", Assert.Single(store.DamagedPacks), StringComparison.Ordinal);

        // What is not found may be in that one: whoever asks must not take it for absent.
        StoreException hidden = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, 1));
        Assert.Contains("may be in a pack that cannot be read", hidden.Message, StringComparison.Ordinal);
        Assert.False(store.IsAbsent(Id(1)));
        folder.Forbidden.Clear();
        await RefreshAsync(store);
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
    }

    [Fact]
    public async Task Pack_that_a_listing_found_before_it_was_noted_is_not_taken_for_garbage()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(_metadata, folder);
        await store.MeetAsync(_none);
        folder.Written = async _ => await RefreshAsync(store);
        await store.PutAsync(Id(1), Bytes(1), _none);
        await store.SyncAsync(_none);
        Assert.Equal(0, (await store.ReclaimAsync(null, _none)).RemovedPacks);
        Assert.Equal(Bytes(1), await ReadAsync(store, 1));
    }

    [Fact]
    public async Task Packs_of_other_nodes_are_never_removed()
    {
        await PutAsync(_metadata, 1);
        using (var lost = new MemoryMetadataStore()) await CopyOfAsync(lost);
        Assert.Equal(2, _files.Keys.Count(IsPack));
        await using PackStore store = Open(_metadata);
        await RefreshAsync(store);
        Assert.Equal(0, (await store.ReclaimAsync(null, _none)).RemovedPacks);
        Assert.Equal(2, _files.Keys.Count(IsPack));

        async Task CopyOfAsync(MemoryMetadataStore metadata)
        {
            await using PackStore other = Open(metadata);
            await other.PutAsync(Id(1), Bytes(1), _none);
        }
    }

    [Fact]
    public async Task Store_is_forgotten_only_with_its_last_address()
    {
        await PutAsync(_metadata, 1);
        await using (PackStore second = Open(_metadata, new MemoryFolder(_files, "memory:second"))) await second.MeetAsync(_none);
        PackStore.Forget(_metadata, "memory:second");
        await using (PackStore store = Open(_metadata)) Assert.True(store.KnowsForSure(Id(1)));
        PackStore.Forget(_metadata, "memory:folder");
        await using (PackStore store = Open(_metadata)) Assert.False(store.Knows(Id(1)));
        Assert.Equal(0, CountRows());
    }

    [Fact]
    public async Task Listing_that_does_not_end_is_given_up()
    {
        var reached = new TaskCompletionSource();
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(_metadata, folder);
        folder.Listing = async cancel =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        };
        Task<bool> asked = store.HasAsync(Id(1), _none).AsTask();
        await reached.Task;
        _time.Advance(Limits.ListTimeMax);
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => asked)).IsUnreachable);
        folder.Listing = null;
        Assert.False(await store.HasAsync(Id(1), _none));
    }

    [Fact]
    public void Packs_of_others_are_bounded_by_number_and_size()
    {
        var own = new PackUse(Limits.OthersPackBytes, 0, 1, IsOwn: true, HasSpare: false);
        var quota = new PackQuota([own]);
        Assert.False(quota.Take(Limits.OthersPackBytes + 1));
        Assert.True(quota.Take(Limits.OthersPackBytes - 1));
        Assert.True(quota.Take(1));
        Assert.False(quota.Take(1));
        quota = new PackQuota(Enumerable.Repeat(own with { SizeBytes = 1, IsOwn = false }, Limits.OthersPacks - 1));
        Assert.True(quota.Take(1));
        Assert.False(quota.Take(1));
    }

    private static ObjectId Id(int number) => PackFormatTests.Id(number);

    private static byte[] Bytes(int number) => Enumerable.Repeat((byte)number, 1000).ToArray();

    private static bool IsPack(string name) => name.StartsWith("packs/", StringComparison.Ordinal);

    private PackStore Open(MemoryMetadataStore metadata, MemoryFolder? folder = null) => new(folder ?? new MemoryFolder(_files), metadata, new SodiumEntropy(), _time, TestNode.KeyOf(metadata), mayMake: true);

    private async Task PutAsync(MemoryMetadataStore metadata, params int[] numbers)
    {
        await using PackStore store = Open(metadata);
        await store.MeetAsync(_none);
        foreach (int number in numbers) await store.PutAsync(Id(number), Bytes(number), _none);
    }

    private async Task RefreshAsync(PackStore store)
    {
        _time.Advance(Limits.ListIntervalMin);
        await store.RefreshAsync(_none);
    }

    private async Task<ulong> GenerationAsync(MemoryMetadataStore metadata)
    {
        await using PackStore store = Open(metadata);
        await store.MeetAsync(_none);
        return store.Generation;
    }

    private int CountRows()
    {
        int count = 0;
        foreach (Table table in (Table[])[Table.RemoteStore, Table.RemotePack, Table.RemoteObject])
        {
            using IMetadataCursor cursor = _metadata.ScanPrefix([(byte)table]);
            while (cursor.MoveNext()) count++;
        }

        return count;
    }

    private static async Task<byte[]?> ReadAsync(PackStore store, int number)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(Id(number), _none);
        return found?.Memory.ToArray();
    }
}
