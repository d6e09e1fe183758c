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

public sealed class PackStoreTests : IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;
    private static readonly TimeSpan _hangMax = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly MemoryMetadataStore _metadata = new();

    public void Dispose() => _metadata.Dispose();

    [Fact]
    public async Task Ten_thousand_small_objects_are_a_handful_of_files()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        for (int index = 0; index < 10_000; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 4096), _none);
        await store.SyncAsync(_none);
        Assert.InRange(folder.WriteCount, 4, 5); // 3 packs of 16 MiB at most, and the mark
        int reads = folder.ReadCount;
        Assert.Equal(Bytes(5000, 4096), await ReadAsync(store, 5000));
        Assert.Equal(reads + 1, folder.ReadCount);
    }

    [Fact]
    public async Task One_read_brings_the_pointers_of_a_file_and_its_first_chunk()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        for (int pointer = 0; pointer < 5; pointer++) await store.PutAsync(PackFormatTests.Id(pointer), Bytes(pointer, 4150), _none);
        for (int chunk = 5; chunk < 8; chunk++) await store.PutAsync(PackFormatTests.Id(chunk), Bytes(chunk, 128 << 10), _none);
        await store.SyncAsync(_none);
        int reads = folder.ReadCount;
        Assert.Null(store.TryCopyHere(PackFormatTests.Id(4)));
        for (int index = 0; index < 6; index++) Assert.Equal(Bytes(index, index < 5 ? 4150 : 128 << 10), await ReadAsync(store, index));
        Assert.Equal(reads + 1, folder.ReadCount);
        using (IMemoryOwner<byte>? here = store.TryCopyHere(PackFormatTests.Id(4))) Assert.NotNull(here);
        Assert.Equal(Bytes(7, 128 << 10), await ReadAsync(store, 7));
        Assert.Equal(reads + 2, folder.ReadCount);
    }

    [Fact]
    public async Task What_lies_behind_a_small_object_is_kept_for_a_moment_only()
    {
        var time = new ManualTime();
        var folder = new MemoryFolder(_files);
        await using var store = new PackStore(folder, _metadata, new SodiumEntropy(), time, TestNode.KeyOf(_metadata), mayMake: true);
        for (int index = 0; index < 3; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
        await store.SyncAsync(_none);
        await ReadAsync(store, 0);
        time.Advance(Limits.PackPieceAgeMax + TimeSpan.FromSeconds(1));
        int reads = folder.ReadCount;
        await ReadAsync(store, 1);
        Assert.Equal(reads + 1, folder.ReadCount);
    }

    [Fact]
    public async Task Those_who_want_what_is_being_brought_ask_for_nothing_and_go_on_together_when_it_is_given_up()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        for (int index = 0; index < 2; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
        await store.SyncAsync(_none);
        int reads = folder.ReadCount;
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        folder.Reading = cancel => opened.Task.WaitAsync(cancel);
        using var given = new CancellationTokenSource();
        Task<IMemoryOwner<byte>?> first = store.GetAsync(PackFormatTests.Id(0), given.Token).AsTask();
        Task<byte[]?>[] others = [.. Enumerable.Range(0, 8).Select(_ => ReadAsync(store, 1))];
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        opened.SetResult();
        foreach (Task<byte[]?> other in others) Assert.Equal(Bytes(1, 50), await other);
        Assert.Equal(reads + 2, folder.ReadCount);
    }

    [Fact]
    public async Task Those_who_wait_for_a_read_that_fails_read_alone_and_at_once()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        for (int index = 0; index < 2; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
        await store.SyncAsync(_none);
        TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously), opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var begun = new SemaphoreSlim(0);
        folder.Reading = cancel => failed.Task.WaitAsync(cancel);
        Task<byte[]?> first = ReadAsync(store, 0);
        Task<byte[]?>[] others = [.. Enumerable.Range(0, 8).Select(_ => ReadAsync(store, 1))];
        folder.Reading = cancel =>
        {
            begun.Release();
            return opened.Task.WaitAsync(cancel);
        };
        failed.SetException(new StoreException("the line is cut"));
        await Assert.ThrowsAsync<StoreException>(() => first);
        foreach (Task<byte[]?> _ in others) Assert.True(await begun.WaitAsync(_hangMax, TestContext.Current.CancellationToken));
        opened.SetResult();
        foreach (Task<byte[]?> other in others) Assert.Equal(Bytes(1, 50), await other);
    }

    [Fact]
    public async Task What_came_is_forgotten_in_time_whatever_is_still_being_read()
    {
        var time = new ManualTime();
        var folder = new MemoryFolder(_files);
        await using var store = new PackStore(folder, _metadata, new SodiumEntropy(), time, TestNode.KeyOf(_metadata), mayMake: true);
        foreach (int pack in new[] { 0, 10 })
        {
            for (int index = pack; index < pack + 3; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
            await store.SyncAsync(_none);
        }

        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        folder.Reading = cancel => opened.Task.WaitAsync(cancel);
        Task<byte[]?> late = ReadAsync(store, 0);
        folder.Reading = null;
        await ReadAsync(store, 10);
        time.Advance(Limits.PackPieceAgeMax + TimeSpan.FromSeconds(1));
        Assert.Null(store.TryCopyHere(PackFormatTests.Id(11)));

        // What took long to come is kept from then on.
        opened.SetResult();
        await late;
        using IMemoryOwner<byte>? here = store.TryCopyHere(PackFormatTests.Id(1));
        Assert.NotNull(here);
    }

    [Fact]
    public async Task What_is_being_read_while_all_is_forgotten_is_not_kept()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        for (int index = 0; index < 3; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
        await store.SyncAsync(_none);
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        folder.Reading = cancel => opened.Task.WaitAsync(cancel);
        Task<byte[]?> late = ReadAsync(store, 0), joined = ReadAsync(store, 1);
        store.ForgetNeighbours();
        opened.SetResult();
        Assert.Equal(Bytes(0, 50), await late);
        Assert.Equal(Bytes(1, 50), await joined);
        Assert.Null(store.TryCopyHere(PackFormatTests.Id(2)));
    }

    [Fact]
    public async Task Only_what_this_node_has_written_there_or_read_from_there_counts_as_a_copy()
    {
        await using (PackStore store = Open(new MemoryFolder(_files)))
        {
            await store.MeetAsync(_none);
            await store.PutAsync(PackFormatTests.Id(1), Bytes(1, 50), _none);
            Assert.True(store.KnowsForSure(PackFormatTests.Id(1)));
            Assert.False(store.IsCopied(PackFormatTests.Id(1))); // it waits to be written
            await store.SyncAsync(_none);
            Assert.True(store.IsCopied(PackFormatTests.Id(1)));
            Assert.False(store.IsCopied(PackFormatTests.Id(2)));
        }

        using var otherMetadata = new MemoryMetadataStore();
        await using PackStore other = Open(new MemoryFolder(_files), otherMetadata);
        await other.RefreshAsync(_none);
        Assert.True(other.Knows(PackFormatTests.Id(1)));
        Assert.False(other.IsCopied(PackFormatTests.Id(1)));
        using IMemoryOwner<byte> read = (await other.GetAsync(PackFormatTests.Id(1), _none))!;
        other.NoteVerified(PackFormatTests.Id(1), read);
        Assert.True(other.IsCopied(PackFormatTests.Id(1)));
    }

    [Fact]
    public async Task Store_opened_again_needs_no_look_at_its_packs()
    {
        await FillAsync(100);
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        Assert.Equal(Bytes(7, 50), await ReadAsync(store, 7));
        Assert.Equal(1, folder.ReadCount);
        Assert.Null(await ReadAsync(store, 1000));
        Assert.Equal(3, folder.ReadCount); // the mark, and this node's own lease
    }

    [Fact]
    public async Task Index_is_made_anew_from_the_packs()
    {
        await FillAsync(3000); // its directory is longer than what is fetched first
        using var lost = new MemoryMetadataStore();
        await using PackStore store = Open(new MemoryFolder(_files), lost);
        for (int index = 0; index < 3000; index += 97) Assert.Equal(Bytes(index, 50), await ReadAsync(store, index));
        Assert.Equal(3000, await CountAsync(store));
    }

    [Fact]
    public async Task Nodes_that_share_a_folder_find_each_others_objects()
    {
        using var otherMetadata = new MemoryMetadataStore();
        await FillAsync(10);
        await using (PackStore other = Open(new MemoryFolder(_files), otherMetadata))
        {
            Assert.Equal(Bytes(3, 50), await ReadAsync(other, 3));
            await other.PutAsync(PackFormatTests.Id(77), Bytes(77, 50), _none);
        }

        await using PackStore store = Open(new MemoryFolder(_files));
        Assert.Equal(Bytes(77, 50), await ReadAsync(store, 77));
    }

    [Fact]
    public async Task What_another_node_has_just_put_is_found_but_the_folder_is_not_listed_for_each_miss()
    {
        var time = new ManualTime();
        using var otherMetadata = new MemoryMetadataStore();
        var folder = new MemoryFolder(_files);
        await using var store = new PackStore(folder, _metadata, new SodiumEntropy(), time, TestNode.KeyOf(_metadata), mayMake: true);
        Assert.Null(await ReadAsync(store, 77));
        await using (PackStore other = Open(new MemoryFolder(_files), otherMetadata)) await other.PutAsync(PackFormatTests.Id(77), Bytes(77, 50), _none);
        for (int attempt = 0; attempt < 10; attempt++) Assert.Null(await ReadAsync(store, 77));
        Assert.Equal(1, folder.ListCount);
        time.Advance(Limits.ListIntervalMin);
        Assert.Equal(Bytes(77, 50), await ReadAsync(store, 77));
        folder.IsAway = true;
        Assert.Null(await ReadAsync(store, 78));
        time.Advance(Limits.ListIntervalMin);
        await Assert.ThrowsAsync<StoreException>(async () => await ReadAsync(store, 78)); // nobody can tell
    }

    [Fact]
    public async Task Packs_that_failed_in_a_way_that_nobody_foresaw_are_tried_again()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        await store.MeetAsync(_none);
        folder.Written = static _ => throw new FormatException("unforeseen");
        int index = 0;
        await Assert.ThrowsAsync<FormatException>(async () =>
        {
            while (true) await store.PutAsync(PackFormatTests.Id(index), Bytes(index++, 1 << 20), _none);
        });
        folder.Written = null;
        await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 1 << 20), _none);
        await store.SyncAsync(_none);
        Assert.Equal(Bytes(3, 1 << 20), await ReadAsync(store, 3));
        Assert.True(store.IsCopied(PackFormatTests.Id(3)));
    }

    [Fact]
    public async Task Abandoned_store_forgets_what_was_not_synced_and_writes_nothing()
    {
        PackStore store = Open(new MemoryFolder(_files));
        await store.MeetAsync(_none);
        await store.PutAsync(PackFormatTests.Id(1), Bytes(1, 50), _none);
        Assert.True(store.Knows(PackFormatTests.Id(1)));
        await store.AbandonAsync();
        await using PackStore again = Open(new MemoryFolder(_files));
        Assert.False(again.Knows(PackFormatTests.Id(1)));
        Assert.Null(await ReadAsync(again, 1));
    }

    [Fact]
    public async Task Forgotten_store_may_be_replaced_by_another()
    {
        await FillAsync(3);
        _files.Clear();
        PackStore.Forget(_metadata, "memory:folder");
        await using PackStore store = Open(new MemoryFolder(_files));
        Assert.False(store.Knows(PackFormatTests.Id(1)));
        Assert.Null(await ReadAsync(store, 1));
        await store.PutAsync(PackFormatTests.Id(1), Bytes(1, 50), _none);
        await store.SyncAsync(_none);
    }

    [Fact]
    public async Task Pack_that_another_node_replaced_is_looked_for_again()
    {
        using var otherMetadata = new MemoryMetadataStore();
        await FillAsync(10);
        await using PackStore store = Open(new MemoryFolder(_files), otherMetadata);
        Assert.Equal(Bytes(3, 50), await ReadAsync(store, 3));
        await using (PackStore writer = Open(new MemoryFolder(_files)))
        {
            for (int index = 0; index < 8; index++) await writer.DeleteAsync(PackFormatTests.Id(index), _none);
            Assert.Equal(1, (await writer.ReclaimAsync(null, _none)).RemovedPacks); // who only reads has no lease
        }

        store.ForgetNeighbours();
        Assert.Equal(Bytes(9, 50), await ReadAsync(store, 9));
        store.ForgetNeighbours();
        Assert.Null(await ReadAsync(store, 3));
    }

    [Fact]
    public async Task What_is_known_is_known_while_the_folder_is_away_and_the_rest_is_a_failure()
    {
        await FillAsync(10);
        var folder = new MemoryFolder(_files) { IsAway = true };
        await using PackStore store = Open(folder);
        Assert.True(await store.HasAsync(PackFormatTests.Id(3), _none));
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await store.HasAsync(PackFormatTests.Id(1000), _none));
        Assert.True(away.IsUnreachable);
        await store.PutAsync(PackFormatTests.Id(50), Bytes(50, 50), _none);
        Assert.Equal(Bytes(50, 50), await ReadAsync(store, 50));
        await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(_none));
        Assert.Equal(Bytes(50, 50), await ReadAsync(store, 50));
        folder.IsAway = false;
        await store.SyncAsync(_none);
        Assert.False(await store.HasAsync(PackFormatTests.Id(1000), _none));
        using var lost = new MemoryMetadataStore();
        await using PackStore other = Open(new MemoryFolder(_files), lost);
        Assert.Equal(Bytes(50, 50), await ReadAsync(other, 50));
    }

    [Fact]
    public async Task Memory_is_bounded_while_the_folder_is_away()
    {
        var folder = new MemoryFolder(_files);
        await using PackStore store = Open(folder);
        folder.IsAway = true;
        byte[] large = new byte[ObjectLimits.ObjectSizeBytesMax];
        int taken = 0;
        await Assert.ThrowsAsync<StoreException>(async () =>
        {
            for (; taken < 100; taken++)
            {
                large[0] = (byte)taken;
                await store.PutAsync(PackFormatTests.Id(taken), large, _none);
            }
        });
        Assert.InRange(taken, 8, 20); // four packs and an open one, of 16 MiB

        // Trying again and again takes no more.
        for (int attempt = 0; attempt < 10; attempt++)
        {
            await Assert.ThrowsAsync<StoreException>(async () => await store.SyncAsync(_none));
            await Assert.ThrowsAsync<StoreException>(async () => await store.PutAsync(PackFormatTests.Id(taken), large, _none));
        }

        folder.IsAway = false;
        await store.PutAsync(PackFormatTests.Id(taken), large, _none);
        await store.SyncAsync(_none);
        Assert.Equal(taken + 1, await CountAsync(store));
    }

    [Fact]
    public async Task Another_store_in_the_place_of_the_known_one_is_refused()
    {
        await FillAsync(3);
        _files.Clear();
        await using (PackStore store = Open(new MemoryFolder(_files)))
        {
            StoreException empty = await Assert.ThrowsAsync<StoreException>(async () => await store.HasAsync(PackFormatTests.Id(9), _none));
            Assert.Contains("is no store any more", empty.Message, StringComparison.Ordinal);
        }

        using var otherMetadata = new MemoryMetadataStore();
        await using (PackStore other = Open(new MemoryFolder(_files), otherMetadata)) await other.PutAsync(PackFormatTests.Id(1), Bytes(1, 10), _none);
        await using (PackStore store = Open(new MemoryFolder(_files)))
        {
            StoreException replaced = await Assert.ThrowsAsync<StoreException>(async () => await store.HasAsync(PackFormatTests.Id(9), _none));
            Assert.Contains("another store than before", replaced.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("photo.jpg", "holiday", "has other things in it")]
    [InlineData("bazil-store", "bazil pack store 9 x\n", "no store that this version reads")]
    [InlineData("bazil-store", "", "no store that this version reads")]
    public async Task Folder_that_is_no_store_is_refused(string name, string content, string reason)
    {
        _files[name] = [.. content.Select(static letter => (byte)letter)];
        await using PackStore store = Open(new MemoryFolder(_files));
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await store.HasAsync(PackFormatTests.Id(9), _none));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_bytes_are_corruption_and_a_damaged_directory_does_not_hide_the_other_packs()
    {
        await FillAsync(5);
        string first = _files.Keys.Single(static name => name.StartsWith("packs/", StringComparison.Ordinal));
        await using (PackStore more = Open(new MemoryFolder(_files))) await more.PutAsync(PackFormatTests.Id(60), Bytes(60, 50), _none);
        _files[first][0] ^= 1;
        await using (PackStore store = Open(new MemoryFolder(_files)))
        {
            await Assert.ThrowsAsync<CorruptObjectException>(async () => await store.GetAsync(PackFormatTests.Id(0), _none));
            Assert.Equal(Bytes(1, 50), await ReadAsync(store, 1));
        }

        _files[first][^1] ^= 1;
        using var lost = new MemoryMetadataStore();
        await using PackStore anew = Open(new MemoryFolder(_files), lost);
        Assert.Equal(Bytes(60, 50), await ReadAsync(anew, 60));
        Assert.Contains(first, Assert.Single(anew.DamagedPacks), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Room_of_deleted_objects_is_given_back()
    {
        await using PackStore store = Open(new MemoryFolder(_files));
        for (int pack = 0; pack < 3; pack++)
        {
            for (int index = 0; index < 100; index++) await store.PutAsync(PackFormatTests.Id(pack * 100 + index), Bytes(pack * 100 + index, 1000), _none);
            await store.SyncAsync(_none);
        }

        long full = _files.Values.Sum(static file => (long)file.Length);
        for (int index = 0; index < 190; index++) Assert.True(await store.DeleteAsync(PackFormatTests.Id(index), _none));
        Assert.Equal(2, (await store.ReclaimAsync(null, _none)).RemovedPacks);
        Assert.InRange(_files.Values.Sum(static file => (long)file.Length), 110_000, full / 2);
        for (int index = 190; index < 300; index++) Assert.Equal(Bytes(index, 1000), await ReadAsync(store, index));
        Assert.Equal(110, await CountAsync(store));
    }

    private async Task FillAsync(int count)
    {
        await using PackStore store = Open(new MemoryFolder(_files));
        for (int index = 0; index < count; index++) await store.PutAsync(PackFormatTests.Id(index), Bytes(index, 50), _none);
    }

    private PackStore Open(MemoryFolder folder, MemoryMetadataStore? metadata = null) => new(folder, metadata ?? _metadata, new SodiumEntropy(), TimeProvider.System, TestNode.KeyOf(metadata ?? _metadata), mayMake: true);

    private static async Task<byte[]?> ReadAsync(PackStore store, int number)
    {
        using IMemoryOwner<byte>? found = await store.GetAsync(PackFormatTests.Id(number), _none);
        return found?.Memory.ToArray();
    }

    private static async Task<int> CountAsync(PackStore store)
    {
        int count = 0;
        await foreach (ObjectId _ in store.ListAsync(_none)) count++;
        return count;
    }

    private static byte[] Bytes(int seed, int size)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
