using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;
using Bazil.Storage.Tests.Contracts;

namespace Bazil.Storage.Tests.Stores;

public sealed class MultiObjectStoreTests : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> CreateAsync() => ValueTask.FromResult<IObjectStore>(
        new MultiObjectStore("multi", new MemoryObjectStore("local"), [new MemoryObjectStore("other")], [new MemoryObjectStore("copy")]));

    [Fact]
    public async Task Unverified_read_of_another_store_is_not_kept()
    {
        var local = new MemoryObjectStore("local");
        var other = new MemoryObjectStore("other");
        await other.PutAsync(Id(1), Bytes(1, 10), default);
        var multi = new MultiObjectStore(local, other);
        Assert.Equal(Bytes(1, 10), await ReadAsync(multi, Id(1)));
        Assert.True(await multi.HasAsync(Id(1), default));
        Assert.Equal(0, local.Count);
    }

    [Fact]
    public async Task Put_and_delete_reach_local_and_copies_but_not_the_others()
    {
        var local = new MemoryObjectStore("local");
        var other = new MemoryObjectStore("other");
        var copy = new MemoryObjectStore("copy");
        var multi = new MultiObjectStore("multi", local, [other], [copy]);
        await multi.PutAsync(Id(1), Bytes(1, 10), default);
        Assert.Equal((1, 0, 1), (local.Count, other.Count, copy.Count));
        await multi.DeleteAsync(Id(1), default);
        Assert.Equal((0, 0, 0), (local.Count, other.Count, copy.Count));
    }

    [Fact]
    public async Task Not_found_needs_every_store_to_say_so()
    {
        var failing = new FaultyObjectStore(new MemoryObjectStore("far")) { IsUnreachable = true };
        var multi = new MultiObjectStore(new MemoryObjectStore("local"), failing);
        StoreException exception = await Assert.ThrowsAsync<StoreException>(async () => await multi.GetAsync(Id(1), default));
        Assert.Contains("far", exception.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await multi.HasAsync(Id(1), default));

        failing.IsUnreachable = false;
        Assert.Null(await multi.GetAsync(Id(1), default));
        Assert.False(await multi.HasAsync(Id(1), default));
    }

    [Fact]
    public async Task Failing_store_does_not_keep_the_next_from_being_asked()
    {
        var first = new FaultyObjectStore(new MemoryObjectStore("first")) { IsUnreachable = true };
        var second = new MemoryObjectStore("second");
        await second.PutAsync(Id(1), Bytes(1, 10), default);
        var multi = new MultiObjectStore(new FaultyObjectStore(new MemoryObjectStore("local")) { IsUnreachable = true }, first, second);
        Assert.Equal(Bytes(1, 10), await ReadAsync(multi, Id(1)));
    }

    [Fact]
    public async Task Store_elsewhere_is_told_what_was_read_from_it_and_found_right_and_nothing_else()
    {
        var empty = new Witness(new MemoryObjectStore("empty"));
        var damaged = new Witness(new MemoryObjectStore("damaged"));
        var good = new Witness(new MemoryObjectStore("good"));
        await damaged.PutAsync(Id(1), Bytes(2, 10), default);
        await good.PutAsync(Id(1), Bytes(1, 10), default);
        await good.PutAsync(Id(2), Bytes(2, 10), default);
        var multi = new MultiObjectStore(new MemoryObjectStore("local"), empty, damaged, good);
        (await multi.GetAsync(Id(2), default))?.Dispose();
        Assert.Empty(good.Verified); // nobody looked into it
        (await multi.GetVerifiedAsync(Id(1), new Equality(Bytes(1, 10)), default))?.Dispose();
        await Assert.ThrowsAsync<CorruptObjectException>(async () => await multi.GetVerifiedAsync(Id(2), new Equality(Bytes(1, 10)), default));
        (await multi.GetVerifiedAsync(Id(1), new Equality(Bytes(1, 10)), default))?.Dispose(); // from here
        Assert.Equal([Id(1)], good.Verified);
        Assert.Empty(damaged.Verified);
        Assert.Empty(empty.Verified);
    }

    [Fact]
    public async Task Stores_to_read_from_can_be_replaced()
    {
        var other = new MemoryObjectStore("other");
        await other.PutAsync(Id(1), Bytes(1, 10), default);
        var multi = new MultiObjectStore(new MemoryObjectStore("local"));
        Assert.Null(await ReadAsync(multi, Id(1)));
        multi.Others = [other];
        Assert.Equal(Bytes(1, 10), await ReadAsync(multi, Id(1)));
        multi.Others = [];
        Assert.Null(await ReadAsync(multi, Id(1)));
    }

    /// <summary>Accepts certain bytes.</summary>
    private sealed class Equality(byte[] right) : IObjectVerifier
    {
        public void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> stored)
        {
            if (!stored.SequenceEqual(right)) throw new CorruptObjectException(id, store, "other bytes");
        }
    }

    /// <summary>Remembers what it was told.</summary>
    private sealed class Witness(IObjectStore inner) : IObjectStore, IReadWitness
    {
        public List<ObjectId> Verified { get; } = [];

        public string Name => inner.Name;

        public void NoteVerified(in ObjectId id, IMemoryOwner<byte> answer) => Verified.Add(id);

        public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => inner.GetAsync(id, cancel);

        public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => inner.PutAsync(id, buffer, cancel);

        public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => inner.HasAsync(id, cancel);

        public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => inner.DeleteAsync(id, cancel);

        public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => inner.ListAsync(cancel);

        public ValueTask SyncAsync(CancellationToken cancel) => inner.SyncAsync(cancel);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
