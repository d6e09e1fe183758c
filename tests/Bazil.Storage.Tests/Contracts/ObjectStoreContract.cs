using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Contracts;

/// <summary>
/// What every <see cref="IObjectStore"/> does. A store's test class inherits it; test projects of other assemblies link
/// this file.
/// </summary>
public abstract class ObjectStoreContract
{
    private static readonly CancellationToken _none = CancellationToken.None;

    /// <summary>False for a store all of whose objects are known to be right, so that an id that is there proves the bytes.</summary>
    protected virtual bool ReplacesDifferentBytes => true;

    /// <summary>Makes an empty store; the test disposes it.</summary>
    protected abstract ValueTask<IObjectStore> CreateAsync();

    [Fact]
    public async Task Object_put_is_read_back()
    {
        await using IObjectStore store = await CreateAsync();
        foreach (int size in (int[])[1, 17, 4096, 131_072 + 17])
        {
            await store.PutAsync(Id(size), Bytes(size, size), _none);
            Assert.Equal(Bytes(size, size), await ReadAsync(store, Id(size)));
            Assert.Equal(size, await store.SizeOfAsync(Id(size), _none));
        }
    }

    [Fact]
    public async Task Largest_object_is_read_back()
    {
        await using IObjectStore store = await CreateAsync();
        byte[] bytes = Bytes(1, ObjectLimits.ObjectSizeBytesMax);
        await store.PutAsync(Id(1), bytes, _none);
        byte[]? read = await ReadAsync(store, Id(1));
        Assert.True(bytes.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task Object_never_put_is_not_found()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutAsync(Id(1), Bytes(1, 10), _none);
        Assert.Null(await ReadAsync(store, Id(2)));
        Assert.False(await store.HasAsync(Id(2), _none));
        Assert.False(await store.DeleteAsync(Id(2), _none));
        Assert.Null(await store.SizeOfAsync(Id(2), _none));
    }

    [Fact]
    public async Task Touch_says_whether_the_object_is_there()
    {
        await using IObjectStore store = await CreateAsync();
        Assert.False(await store.TouchAsync(Id(1), _none));
        await store.PutAsync(Id(1), Bytes(1, 10), _none);
        Assert.True(await store.TouchAsync(Id(1), _none));
        await store.SyncAsync(_none);
        Assert.True(await store.TouchAsync(Id(1), _none));
        await store.SyncAsync(_none);
        Assert.Equal(Bytes(1, 10), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task Put_of_the_same_object_again_succeeds()
    {
        await using IObjectStore store = await CreateAsync();
        for (int time = 0; time < 3; time++) await store.PutAsync(Id(1), Bytes(1, 1000), _none);
        Assert.Equal(Bytes(1, 1000), await ReadAsync(store, Id(1)));
        Assert.Single(await ListAsync(store));
    }

    [Fact]
    public async Task Put_over_different_bytes_replaces_them_unless_an_id_proves_its_bytes()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutAsync(Id(1), Bytes(1, 1000), _none);
        await store.PutAsync(Id(1), Bytes(2, 1000), _none);
        Assert.Equal(ReplacesDifferentBytes ? Bytes(2, 1000) : Bytes(1, 1000), await ReadAsync(store, Id(1)));
        await store.PutAsync(Id(1), Bytes(3, 10), _none);
        Assert.Equal(ReplacesDifferentBytes ? Bytes(3, 10) : Bytes(1, 1000), await ReadAsync(store, Id(1)));
        Assert.Single(await ListAsync(store));
    }

    [Fact]
    public async Task Deleted_object_is_gone_and_can_be_put_again()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutAsync(Id(1), Bytes(1, 100), _none);
        await store.PutAsync(Id(2), Bytes(2, 100), _none);
        Assert.True(await store.DeleteAsync(Id(1), _none));
        Assert.False(await store.DeleteAsync(Id(1), _none));
        Assert.Null(await ReadAsync(store, Id(1)));
        Assert.False(await store.HasAsync(Id(1), _none));
        Assert.Equal([Id(2)], await ListAsync(store));
        await store.PutAsync(Id(1), Bytes(3, 50), _none);
        Assert.Equal(Bytes(3, 50), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task List_names_each_object_once()
    {
        await using IObjectStore store = await CreateAsync();
        Assert.Empty(await ListAsync(store));
        ObjectId[] ids = [.. Enumerable.Range(0, 300).Select(Id)];
        foreach (ObjectId id in ids) await store.PutAsync(id, Bytes(1, 20), _none);
        Assert.Equal(ids.Order(), (await ListAsync(store)).Order());
    }

    [Fact]
    public async Task Returned_buffer_is_the_callers_own()
    {
        await using IObjectStore store = await CreateAsync();
        byte[] bytes = Bytes(1, 100);
        await store.PutAsync(Id(1), bytes, _none);
        bytes.AsSpan().Clear();
        using (IMemoryOwner<byte>? first = await store.GetAsync(Id(1), _none)) first!.Memory.Span.Clear();
        Assert.Equal(Bytes(1, 100), await ReadAsync(store, Id(1)));
    }

    [Fact]
    public async Task Sync_succeeds_with_and_without_changes()
    {
        await using IObjectStore store = await CreateAsync();
        await store.SyncAsync(_none);
        await store.PutAsync(Id(1), Bytes(1, 100), _none);
        await store.SyncAsync(_none);
        await store.SyncAsync(_none);
        Assert.True(await store.HasAsync(Id(1), _none));
    }

    [Fact]
    public async Task Cancelled_calls_throw_and_change_nothing()
    {
        await using IObjectStore store = await CreateAsync();
        await store.PutAsync(Id(1), Bytes(1, 100), _none);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.PutAsync(Id(2), Bytes(2, 100), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.GetAsync(Id(1), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.HasAsync(Id(1), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.DeleteAsync(Id(1), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.SyncAsync(cancelled));
        Assert.Equal([Id(1)], await ListAsync(store));
    }

    [Fact]
    public async Task Concurrent_use_by_many_keeps_every_object_whole()
    {
        await using IObjectStore store = await CreateAsync();
        await Parallel.ForAsync(0, 8, async (worker, cancel) =>
        {
            var random = new Random(worker);
            for (int step = 0; step < 40; step++)
            {
                int number = random.Next(10);
                if (random.Next(4) == 0) await store.DeleteAsync(Id(number), cancel);
                if (random.Next(2) == 0) await store.PutAsync(Id(number), Bytes(number, 5000), cancel);
                if (await ReadAsync(store, Id(number)) is { } read) Assert.Equal(Bytes(number, 5000), read);
            }
        });
    }

    protected static ObjectId Id(int number)
    {
        byte[] bytes = new byte[ObjectId.Size];
        new Random(number).NextBytes(bytes);
        return new ObjectId(bytes);
    }

    protected static byte[] Bytes(int seed, int size)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static async Task<byte[]?> ReadAsync(IObjectStore store, ObjectId id)
    {
        using IMemoryOwner<byte>? owner = await store.GetAsync(id, CancellationToken.None);
        return owner?.Memory.ToArray();
    }

    protected static async Task<List<ObjectId>> ListAsync(IObjectStore store)
    {
        var ids = new List<ObjectId>();
        await foreach (ObjectId id in store.ListAsync(CancellationToken.None)) ids.Add(id);
        return ids;
    }
}
