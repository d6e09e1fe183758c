using System.Diagnostics;
using Bazil.Core;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;
using Bazil.Storage.Stores;

namespace Bazil.Peers.Tests.Serving;

public sealed class ObjectTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Limits.DataFrameBytes - 1)]
    [InlineData(Limits.DataFrameBytes)]
    [InlineData(Limits.DataFrameBytes + 1)]
    [InlineData((4 << 20) + 41)]
    [InlineData(Limits.ObjectBytes)]
    public async Task Object_of_any_size_goes_there_and_back(int size)
    {
        await using var nodes = await TwoNodes.StartAsync();
        var bytes = Bytes(size);
        await nodes.Call.Store.PutAsync(Id(1), bytes, Cancel);
        Assert.Equal(bytes, nodes.Store.Objects[Id(1)]);
        using var found = await nodes.Call.Store.GetAsync(Id(1), Cancel);
        Assert.True(found!.Memory.Span.SequenceEqual(bytes));
    }

    [Fact]
    public async Task Object_that_is_not_there_is_null_and_not_an_error()
    {
        await using var nodes = await TwoNodes.StartAsync();
        Assert.Null(await nodes.Call.Store.GetAsync(Id(1), Cancel));
        Assert.False(await nodes.Call.Store.HasAsync(Id(1), Cancel));
        await nodes.Call.Store.PutAsync(Id(1), Bytes(10), Cancel);
        Assert.True(await nodes.Call.Store.HasAsync(Id(1), Cancel));
    }

    [Fact]
    public async Task Batch_of_three_thousand_objects_comes_in_the_order_asked()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var ids = Enumerable.Range(0, 3000).Select(Id).ToList();
        await nodes.Call.Store.PutManyAsync([.. ids.Where((_, i) => i % 3 != 0).Select(id => KeyValuePair.Create(id, (ReadOnlyMemory<byte>)id.Span.ToArray()))], Cancel);

        int i = 0;
        await foreach (var (id, state, content) in nodes.Call.Store.GetManyAsync(ids, Cancel))
        {
            Assert.Equal(ids[i], id);
            Assert.Equal(i % 3 == 0 ? PeerObjectState.Missing : PeerObjectState.Found, state);
            Assert.True(content is null || content.Memory.Span.SequenceEqual(id.Span));
            content?.Dispose();
            i++;
        }
        Assert.Equal(3000, i);
        var present = await nodes.Call.Store.HasManyAsync(ids, Cancel);
        Assert.Equal([.. ids.Select((_, n) => n % 3 != 0)], present);
    }

    [Fact]
    public async Task Damaged_copy_is_corruption_and_failing_store_is_neither_that_nor_missing()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Store.Before = (_, _) => throw new CorruptObjectException(Id(1), "local", "its checksum is wrong");
        var corrupt = await Assert.ThrowsAsync<CorruptObjectException>(async () => await nodes.Call.Store.GetAsync(Id(1), Cancel));
        Assert.Equal(nodes.Call.Store.Name, corrupt.Store);

        nodes.Store.Before = (_, _) => throw new StoreException("secret path /home/white is unreadable");
        foreach (var call in new Func<Task>[]
        {
            async () => await nodes.Call.Store.GetAsync(Id(1), Cancel),
            async () => await nodes.Call.Store.HasAsync(Id(1), Cancel),
            async () => await nodes.Call.Store.PutAsync(Id(1), Bytes(5), Cancel),
            async () => await nodes.Call.Store.SyncAsync(Cancel),
        })
        {
            var e = await Assert.ThrowsAsync<StoreException>(call);
            Assert.DoesNotContain("secret", e.Message);
            Assert.Contains(nodes.White.Id.ToString(), e.Message);
        }
        nodes.Store.Before = (_, _) => Task.CompletedTask;
        Assert.Null(await nodes.Call.Store.GetAsync(Id(1), Cancel));
    }

    [Fact]
    public async Task One_bad_object_does_not_spoil_its_batch()
    {
        await using var nodes = await TwoNodes.StartAsync();
        for (int i = 0; i < 3; i++) nodes.Store.Objects[Id(i)] = Bytes(i);
        int gets = 0;
        nodes.Store.Before = (_, _) => Interlocked.Increment(ref gets) == 2 ? throw new CorruptObjectException(Id(1), "local", "bad") : Task.CompletedTask;
        var states = new List<PeerObjectState>();
        await foreach (var found in nodes.Call.Store.GetManyAsync([Id(0), Id(1), Id(2)], Cancel)) states.Add(found.State);
        Assert.Equal([PeerObjectState.Found, PeerObjectState.Damaged, PeerObjectState.Found], states);
    }

    [Fact]
    public async Task Put_is_acknowledged_only_after_the_sync()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var syncing = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        nodes.Store.Before = (call, _) =>
        {
            if (call != "sync") return Task.CompletedTask;
            syncing.SetResult();
            return gate.Task;
        };
        var put = nodes.Call.Store.PutAsync(Id(1), Bytes(100), Cancel).AsTask();
        await syncing.Task.WaitAsync(Cancel);
        Assert.False(put.IsCompleted);
        gate.SetResult();
        await put;
        Assert.Equal(["put", "sync"], nodes.Store.Calls);
    }

    [Fact]
    public async Task Puts_at_once_share_syncs()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var gate = new TaskCompletionSource();
        var puts = new CountdownEvent(Limits.PutsPerPeer);
        int syncs = 0;
        nodes.Store.Before = (call, _) =>
        {
            if (call == "put") puts.Signal();
            return call == "sync" && Interlocked.Increment(ref syncs) == 1 ? gate.Task : Task.CompletedTask;
        };
        var all = Task.WhenAll(Enumerable.Range(0, Limits.PutsPerPeer).Select(i => nodes.Call.Store.PutAsync(Id(i), Bytes(i), Cancel).AsTask()));
        await Task.Run(() => puts.Wait(Cancel), Cancel);
        gate.SetResult();
        await all;
        Assert.InRange(nodes.Store.Syncs, 1, Limits.PutsPerPeer);
        Assert.Equal(Limits.PutsPerPeer, nodes.Store.Objects.Count);
    }

    [Fact]
    public async Task Store_that_was_not_allowed_is_refused_with_advice()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.White.Stores.Clear();
        var e = await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.GetAsync(Id(1), Cancel));
        Assert.IsType<PeerRefusedException>(e.InnerException);
        Assert.Contains($"bazil peer storage allow {nodes.Black.Id}", e.Message);
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.PutAsync(Id(1), Bytes(1 << 20), Cancel));
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.HasAsync(Id(1), Cancel));
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.SyncAsync(Cancel));
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.DeleteAsync(Id(1), Cancel));
        await Assert.ThrowsAsync<StoreException>(async () =>
        {
            await foreach (var _ in nodes.Call.Store.ListAsync(Cancel)) Assert.Fail("listed");
        });
        Assert.Empty(nodes.Store.Calls);
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task What_a_node_put_is_listed_and_what_it_releases_is_deleted()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var store = nodes.Call.Store;
        Assert.Equal($"peerkey:{nodes.White.Id}", store.Name);
        Assert.Empty(await ListAsync());
        var ids = Enumerable.Range(0, 3000).Select(Id).ToList();
        await store.PutManyAsync([.. ids.Select(id => KeyValuePair.Create(id, (ReadOnlyMemory<byte>)id.Span.ToArray()))], Cancel);
        Assert.Equal([.. ids], await ListAsync());
        int syncs = nodes.Store.Syncs;
        Assert.Equal(2000, await store.DiscardAsync([.. ids.Take(2000), Id(9999)], Cancel));
        Assert.True(nodes.Store.Syncs > syncs);
        Assert.Equal([.. ids.Skip(2000)], await ListAsync());
        Assert.True(await store.DeleteAsync(ids[2000], Cancel));
        Assert.False(await store.DeleteAsync(ids[2000], Cancel));
        Assert.Equal(999, nodes.Store.Objects.Count);

        async Task<HashSet<ObjectId>> ListAsync()
        {
            HashSet<ObjectId> listed = [];
            await foreach (var id in store.ListAsync(Cancel)) Assert.True(listed.Add(id));
            return listed;
        }
    }

    [Fact]
    public async Task Release_whose_connection_has_ended_deletes_nothing_more()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var ids = Enumerable.Range(0, 100).Select(Id).ToList();
        await nodes.Call.Store.PutManyAsync([.. ids.Select(id => KeyValuePair.Create(id, (ReadOnlyMemory<byte>)id.Span.ToArray()))], Cancel);
        var reached = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        nodes.Store.Before = async (call, cancel) =>
        {
            if (call != "delete") return;
            reached.TrySetResult();
            using (cancel.Register(() => ended.TrySetResult())) await ended.Task;
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var release = nodes.Call.Store.DiscardAsync(ids, stop.Token).AsTask();
        await reached.Task;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => release);
        await ended.Task;

        // A put of the same object waits for the one that was under way, and comes after it.
        nodes.Store.Before = (_, _) => Task.CompletedTask;
        await nodes.Call.Store.PutAsync(ids[0], ids[0].Span.ToArray(), Cancel);
        Assert.Equal(100, nodes.Store.Objects.Count);
    }

    [Fact]
    public async Task Release_that_was_sent_before_a_put_takes_nothing_after_it()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var first = new ObjectId([.. Enumerable.Repeat((byte)1, ObjectId.Size)]);
        var second = new ObjectId([.. Enumerable.Repeat((byte)2, ObjectId.Size)]);
        await nodes.Call.Store.PutAsync(first, first.Span.ToArray(), Cancel);
        await nodes.Call.Store.PutAsync(second, second.Span.ToArray(), Cancel);
        var reached = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        nodes.Store.Before = async (call, _) =>
        {
            if (call != "delete") return;
            reached.TrySetResult();
            await goOn.Task;
        };
        var release = nodes.Call.Store.DiscardAsync([first, second], Cancel).AsTask();
        await reached.Task;
        await nodes.Call.Store.PutAsync(second, second.Span.ToArray(), Cancel);
        goOn.SetResult();
        Assert.Equal(1, await release);
        Assert.Equal(second, Assert.Single(nodes.Store.Objects).Key);
        Assert.Equal(1, await nodes.Call.Store.DiscardAsync([second], Cancel));
    }

    [Fact]
    public async Task Object_over_the_limit_is_refused_before_it_is_sent()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.PutAsync(Id(1), new byte[Limits.ObjectBytes + 1], Cancel));
        Assert.Empty(nodes.Store.Calls);
    }

    [Fact]
    public async Task Cancelled_get_ends_at_once_and_at_the_server_too()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var inside = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        nodes.Store.Before = async (_, cancel) =>
        {
            inside.TrySetResult();
            await using var registration = cancel.Register(() => ended.TrySetResult());
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        };
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var get = nodes.Call.Store.GetAsync(Id(1), source.Token).AsTask();
        await inside.Task.WaitAsync(Cancel);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
        await ended.Task.WaitAsync(Cancel);
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Two_hundred_gets_at_once_wait_for_their_turn_without_being_taken_for_silence()
    {
        var time = new ManualTime();
        await using var nodes = await TwoNodes.StartAsync(clientTime: time, server: new PeerServerOptions { AliveInterval = TimeSpan.FromMilliseconds(20) });
        using var full = new SemaphoreSlim(0);
        var gate = new TaskCompletionSource();
        nodes.Store.Before = (_, _) =>
        {
            full.Release();
            return gate.Task;
        };
        var gets = Enumerable.Range(0, 200).Select(i => nodes.Call.Store.GetAsync(Id(i), Cancel).AsTask()).ToList();
        for (int i = 0; i < Limits.GetRequests; i++) await full.WaitAsync(Cancel); // the others wait to travel together
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(4));
            await time.WhenRearmedAsync(Cancel); // by signs of life
        }
        gate.SetResult();
        foreach (var get in gets) Assert.Null(await get);
    }

    [Fact]
    public async Task Metadata_passes_content_that_nobody_reads()
    {
        await using var nodes = await TwoNodes.StartAsync();
        for (int i = 0; i < 20; i++) nodes.Store.Objects[Id(i)] = Bytes(4 << 20);
        await using var content = nodes.Call.Store.GetManyAsync([.. Enumerable.Range(0, 20).Select(Id)], Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await content.MoveNextAsync());
        content.Current.Content!.Dispose();
        // The rest of the 80 MiB now fills every buffer on its way.
        var start = Stopwatch.GetTimestamp();
        Assert.Equal("hi"u8.ToArray(), Assert.Single(await nodes.ExchangeAsync("hi"u8.ToArray(), Cancel)));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
    }

    internal static ObjectId Id(int n)
    {
        var bytes = new byte[ObjectId.Size];
        BitConverter.TryWriteBytes(bytes, n + 1);
        return new ObjectId(bytes);
    }

    internal static byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }
}
