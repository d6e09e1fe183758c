using Bazil.Core;
using Bazil.Peers.Tests.Nodes;
using Bazil.Storage.Stores;

namespace Bazil.Peers.Tests.Serving;

public sealed class RevocationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Removed_peer_is_cut_off_in_the_middle_and_refused_after()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var ended = new TaskCompletionSource();
        nodes.Volume.Answer = (_, cancel) => VolumeTests.Endless(ended, cancel);
        await using var answer = nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await answer.MoveNextAsync());

        nodes.White.Known.Clear();
        nodes.White.Server.Revoke(nodes.Black.Id);
        await ended.Task.WaitAsync(Cancel);
        await Assert.ThrowsAsync<PeerUnreachableException>(async () =>
        {
            while (await answer.MoveNextAsync()) await Task.Yield();
        });
        await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.PingAsync(Cancel));
    }

    [Fact]
    public async Task Volume_taken_away_ends_its_exchanges_and_nothing_else()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var ended = new TaskCompletionSource();
        nodes.Volume.Answer = (_, cancel) => VolumeTests.Endless(ended, cancel);
        var gate = new TaskCompletionSource();
        var inside = new TaskCompletionSource();
        nodes.Store.Before = (_, _) =>
        {
            inside.TrySetResult();
            return gate.Task;
        };
        await using var answer = nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await answer.MoveNextAsync());
        var get = nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel).AsTask();
        await inside.Task.WaitAsync(Cancel);

        nodes.White.Volumes.Clear();
        nodes.White.Server.RevokeVolume(nodes.Black.Id, TwoNodes.VolumeId);
        await ended.Task.WaitAsync(Cancel);
        await Assert.ThrowsAsync<PeerUnreachableException>(async () =>
        {
            while (await answer.MoveNextAsync()) await Task.Yield();
        });
        await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.ExchangeAsync([1], Cancel));
        gate.SetResult();
        Assert.Null(await get);
    }

    [Fact]
    public async Task Storage_taken_away_ends_its_requests_and_nothing_else()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var inside = new TaskCompletionSource();
        nodes.Store.Before = async (_, cancel) =>
        {
            inside.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
        };
        var get = nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel).AsTask();
        await inside.Task.WaitAsync(Cancel);
        nodes.White.Stores.Clear();
        nodes.White.Server.RevokeStorage(nodes.Black.Id);
        var e = await Assert.ThrowsAsync<StoreException>(() => get);
        Assert.True(e.InnerException is PeerUnreachableException or PeerRefusedException, e.ToString());
        Assert.Single(await nodes.ExchangeAsync([1], Cancel));
    }

    [Fact]
    public async Task Permission_is_asked_for_every_request()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.ExchangeAsync([1], Cancel);
        nodes.White.Volumes.Clear();
        await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.ExchangeAsync([1], Cancel));
        nodes.White.Stores.Clear();
        await Assert.ThrowsAsync<StoreException>(async () => await nodes.Call.Store.HasAsync(ObjectTests.Id(1), Cancel));
        nodes.White.Known.Clear();
        await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.PingAsync(Cancel));
    }
}
