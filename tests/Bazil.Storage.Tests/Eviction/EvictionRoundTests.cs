using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Collection;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Eviction;

public sealed class EvictionRoundTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly CollectingObjectStore _store = new(new MemoryObjectStore("local"), new MemoryMetadataStore(), new SodiumEntropy());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Object_goes_when_enough_stores_hold_it_and_the_holds_are_released()
    {
        var (one, two, three) = (new Keeper("one", 1, 2), new Keeper("two", 1), new Keeper("three", 1, 2));
        EvictionReport report = await RunAsync(copies: 2, required: 0, [1, 2, 3], one, two, three);
        Assert.Equal(2, report.Evicted.Objects);
        Assert.Equal("3", await LeftAsync(1, 2, 3));
        Assert.Equal("0 of 2 other copies: one does not have it", Assert.Single(report.Kept).Key);
        Assert.All((Keeper[])[one, two, three], static keeper => Assert.Equal((1, 1), (keeper.Asked, keeper.Released)));
        Assert.Equal(1, three.IdsAsked); // of the other one enough was known: nobody is asked for more than is needed
    }

    [Fact]
    public async Task Required_store_that_lacks_it_or_is_away_keeps_it_whatever_others_hold()
    {
        var (one, two) = (new Keeper("one", 1, 2), new Keeper("two", 1));
        EvictionReport report = await RunAsync(copies: 1, required: 0b10, [1, 2], one, two);
        Assert.Equal("2", await LeftAsync(1, 2));
        Assert.Equal("two does not have it", Assert.Single(report.Kept).Key);

        await _store.PutAsync(Ids.Of(1), new byte[10], Cancel);
        report = await RunAsync(copies: 1, required: 0b10, [1], one, new Keeper("two") { Failure = "no route" });
        Assert.Equal("two could not be asked: no route", Assert.Single(report.Kept).Key);
    }

    [Fact]
    public async Task Store_that_does_not_know_what_the_object_is_part_of_does_not_count()
    {
        await _store.PutAsync(Ids.Of(1), new byte[10], Cancel);
        using ObjectEviction eviction = _store.BeginEviction();
        var report = new EvictionReport();
        var keeper = new Keeper("one", 1);
        await new EvictionRound(eviction, [keeper], 1, 0, new SodiumEntropy(), _time).RunAsync([new EvictionCandidate(Ids.Of(1), 10, Countable: 0)], report, Cancel);
        Assert.Equal("one does not know of it yet", Assert.Single(report.Kept).Key);
        Assert.Equal(0, keeper.Asked);
    }

    [Fact]
    public async Task Without_any_store_nothing_goes()
    {
        EvictionReport report = await RunAsync(copies: 1, required: 0, [1]);
        Assert.Equal("there is no other store that counts", Assert.Single(report.Kept).Key);
    }

    [Fact]
    public async Task More_copies_than_there_are_stores_are_never_there_and_nobody_is_asked()
    {
        var keeper = new Keeper("one", 1);
        EvictionReport report = await RunAsync(copies: 2, required: 0b1, [1], keeper);
        Assert.Equal("2 other copies are asked for, and there is only 1 other store that counts", Assert.Single(report.Kept).Key);
        Assert.Equal(0, keeper.Asked);
    }

    [Fact]
    public async Task Machine_that_slept_after_it_asked_deletes_nothing()
    {
        var keeper = new Keeper("one", 1) { Asking = () => _time.Advance(EvictionLimits.HoldUse + TimeSpan.FromSeconds(1)) };
        EvictionReport report = await RunAsync(copies: 1, required: 0, [1], keeper);
        Assert.Equal("the other stores took too long to answer", Assert.Single(report.Kept).Key);
        Assert.Equal("1", await LeftAsync(1));
        Assert.Equal(1, keeper.Released);
    }

    [Fact]
    public async Task Dry_run_asks_for_no_promise_and_deletes_nothing()
    {
        var keeper = new Keeper("one", 1);
        EvictionReport report = await RunAsync(copies: 1, required: 0, [1, 2], isDryRun: true, keeper);
        Assert.Equal(1, report.Evicted.Objects);
        Assert.Equal("1, 2", await LeftAsync(1, 2));
        Assert.Equal(0, keeper.Asked);
    }

    [Theory]
    [InlineData(HoldAnswer.Leaving, "one is evicting it itself")]
    [InlineData(HoldAnswer.Full, "one holds as much for this node as it may")]
    [InlineData((HoldAnswer)77, "one does not have it")]
    public async Task Answer_that_is_no_promise_is_none(HoldAnswer answer, string reason)
    {
        EvictionReport report = await RunAsync(copies: 1, required: 0, [1], new Keeper("one", 1) { Answer = answer });
        Assert.Equal(reason, Assert.Single(report.Kept).Key);
        Assert.Equal("1", await LeftAsync(1));
    }

    [Fact]
    public async Task Store_that_answers_about_other_objects_counts_for_nothing()
    {
        EvictionReport report = await RunAsync(copies: 1, required: 0, [1], new Keeper("one", 1) { IsShort = true });
        Assert.Contains("answered about other objects", Assert.Single(report.Kept).Key);
    }

    [Fact]
    public async Task Cancelled_run_leaves_what_it_has_not_come_to_and_releases()
    {
        using var cancel = new CancellationTokenSource();
        var keeper = new Keeper("one", 1) { Asking = cancel.Cancel };
        await _store.PutAsync(Ids.Of(1), new byte[10], Cancel);
        using ObjectEviction eviction = _store.BeginEviction();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new EvictionRound(eviction, [keeper], 1, 0, new SodiumEntropy(), _time).RunAsync([new EvictionCandidate(Ids.Of(1), 10, ulong.MaxValue)], new EvictionReport(), cancel.Token));
        Assert.Equal("1", await LeftAsync(1));
        Assert.Equal(1, keeper.Released);
        Assert.False(_store.IsEvicting(Ids.Of(1)));
    }

    private Task<EvictionReport> RunAsync(int copies, ulong required, int[] objects, params ICountedStore[] stores) => RunAsync(copies, required, objects, isDryRun: false, stores);

    private async Task<EvictionReport> RunAsync(int copies, ulong required, int[] objects, bool isDryRun, params ICountedStore[] stores)
    {
        foreach (int number in objects) await _store.PutAsync(Ids.Of(number), new byte[10], Cancel);
        using ObjectEviction eviction = _store.BeginEviction();
        var report = new EvictionReport();
        var round = new EvictionRound(eviction, stores, copies, required, new SodiumEntropy(), _time) { IsDryRun = isDryRun };
        await round.RunAsync([.. objects.Select(static number => new EvictionCandidate(Ids.Of(number), 10, ulong.MaxValue))], report, Cancel);
        return report;
    }

    private async Task<string> LeftAsync(params int[] numbers)
    {
        var left = new List<int>();
        foreach (int number in numbers)
        {
            if (await _store.HasAsync(Ids.Of(number), Cancel)) left.Add(number);
        }

        return string.Join(", ", left);
    }

    /// <summary>A store that has some objects and says so.</summary>
    private sealed class Keeper(string name, params int[] numbers) : ICountedStore
    {
        private readonly HashSet<ObjectId> _has = [.. numbers.Select(Ids.Of)];

        public string Name => name;

        public string? Failure { get; init; }

        public HoldAnswer Answer { get; init; } = HoldAnswer.Held;

        public bool IsShort { get; init; }

        public Action? Asking { get; init; }

        public int Asked { get; private set; }

        public int IdsAsked { get; private set; }

        public int Released { get; private set; }

        public ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel)
        {
            Asked++;
            IdsAsked += ids.Count;
            Asking?.Invoke();
            if (Failure is { } failure) throw new StoreException(failure);
            return new([.. ids.Skip(IsShort ? 1 : 0).Select(id => _has.Contains(id) ? Answer : HoldAnswer.Absent)]);
        }

        public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel)
        {
            Released++;
            return ValueTask.CompletedTask;
        }

        public ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel) => new([.. ids.Select(_has.Contains)]);
    }
}
