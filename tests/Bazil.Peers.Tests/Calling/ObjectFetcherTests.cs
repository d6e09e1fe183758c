using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Peers.Calling;
using Bazil.Peers.Protocol;
using Bazil.Peers.Tests.Serving;

namespace Bazil.Peers.Tests.Calling;

public sealed class ObjectFetcherTests
{
    private readonly List<int> _batches = [];
    private readonly List<CancellationToken> _tokens = [];
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gets_that_wait_at_the_same_time_travel_together_and_each_gets_its_own()
    {
        var fetcher = new ObjectFetcher(FetchAsync);
        var gets = Enumerable.Range(0, 200).Select(i => fetcher.FetchAsync(ObjectTests.Id(i), Cancel)).ToList();
        Assert.Equal(Enumerable.Repeat(1, Limits.GetRequests), _batches);
        _open.SetResult();
        for (int i = 0; i < gets.Count; i++) Assert.Equal(ObjectTests.Id(i).Span.ToArray(), (await gets[i]).Content!.Memory.ToArray());
        Assert.Equal(200, _batches.Sum());
        Assert.Equal(Limits.GetRequests + 4, _batches.Count);
        Assert.All(_batches, count => Assert.InRange(count, 1, Limits.GetsPerRequest));
    }

    [Fact]
    public async Task Request_ends_when_the_last_who_waits_gives_up_and_not_before()
    {
        var fetcher = new ObjectFetcher(FetchAsync);
        var first = Enumerable.Range(0, Limits.GetRequests).Select(i => fetcher.FetchAsync(ObjectTests.Id(i), Cancel)).ToList();
        using var one = new CancellationTokenSource();
        using var two = new CancellationTokenSource();
        var given = fetcher.FetchAsync(ObjectTests.Id(10), one.Token);
        var givenToo = fetcher.FetchAsync(ObjectTests.Id(11), two.Token);
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        _open.SetResult();
        await Task.WhenAll(first);
        await givenToo;
        Assert.Equal([.. Enumerable.Repeat(1, Limits.GetRequests), 1], _batches);
        Assert.All(_tokens, token => Assert.False(token.IsCancellationRequested));
    }

    [Fact]
    public async Task Request_that_nobody_waits_for_is_cancelled()
    {
        var fetcher = new ObjectFetcher(FetchAsync);
        using var cancel = new CancellationTokenSource();
        var given = fetcher.FetchAsync(ObjectTests.Id(1), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        Assert.True(_tokens.Single().IsCancellationRequested);
        _open.SetResult();
        Assert.Equal(PeerObjectState.Found, (await fetcher.FetchAsync(ObjectTests.Id(2), Cancel)).State);
    }

    [Fact]
    public async Task Failure_is_told_to_those_of_its_request_and_to_nobody_else()
    {
        var fetcher = new ObjectFetcher(FetchAsync);
        var bad = fetcher.FetchAsync(ObjectTests.Id(777), Cancel);
        var good = fetcher.FetchAsync(ObjectTests.Id(1), Cancel);
        _open.SetResult();
        await Assert.ThrowsAsync<IOException>(() => bad);
        await good;
        await fetcher.FetchAsync(ObjectTests.Id(2), Cancel);
    }

    private async IAsyncEnumerable<PeerObject> FetchAsync(IReadOnlyList<ObjectId> ids, [EnumeratorCancellation] CancellationToken cancel)
    {
        lock (_batches)
        {
            _batches.Add(ids.Count);
            _tokens.Add(cancel);
        }

        await _open.Task.WaitAsync(cancel);
        foreach (var id in ids)
        {
            if (id == ObjectTests.Id(777)) throw new IOException("broken");
            yield return new PeerObject(id, PeerObjectState.Found, new PooledBytes(id.Span.ToArray(), ObjectId.Size));
        }
    }
}
