using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing;
using Fault = Bazil.Storage.Tests.Stores.Elsewhere.UnreliableStore.Fault;

namespace Bazil.Storage.Tests.Stores.Elsewhere;

public sealed class GuardedObjectStoreTests : ObjectStoreContract
{
    private static readonly ObjectId s_id = new(new byte[ObjectId.Size]);

    private readonly ManualTime _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_that_cannot_be_reached_is_left_alone_longer_each_time_and_tried_by_one()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Unreachable };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        Assert.False(store.IsBroken);
        for (int attempt = 0; attempt < 2; attempt++) await FailsAsync(store);
        Assert.True(store.IsBroken);
        Assert.Equal(_time.GetUtcNow() + ElsewhereLimits.BreakMin, store.RetryAt);
        for (int attempt = 0; attempt < 10; attempt++) await FailsAsync(store);
        Assert.Equal(2, inner.ReadCount);

        _time.Advance(ElsewhereLimits.BreakMin);
        await FailsAsync(store);
        Assert.Equal(3, inner.ReadCount);
        Assert.Equal(_time.GetUtcNow() + (2 * ElsewhereLimits.BreakMin), store.RetryAt);
        _time.Advance(ElsewhereLimits.BreakMin);
        await FailsAsync(store);
        Assert.Equal(3, inner.ReadCount);

        inner.Next = static () => Fault.None;
        _time.Advance(ElsewhereLimits.BreakMin);
        Assert.Null(await store.GetAsync(s_id, Cancel));
        Assert.False(store.IsBroken);
        Assert.Null(store.RetryAt);
    }

    [Fact]
    public async Task Failures_of_objects_do_not_break_the_circuit()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Failing };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        for (int attempt = 0; attempt < 10; attempt++) await Assert.ThrowsAsync<StoreException>(async () => await store.GetAsync(s_id, Cancel));
        Assert.Equal(10, inner.ReadCount);
        Assert.False(store.IsBroken);
    }

    [Fact]
    public async Task Store_that_only_is_measured_is_always_asked()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("peer")) { Next = static () => Fault.Unreachable };
        await using var store = new GuardedObjectStore(inner, isGivenUp: false, _time);
        for (int attempt = 0; attempt < 10; attempt++) await FailsAsync(store);
        Assert.Equal(10, inner.ReadCount);
    }

    [Fact]
    public async Task Question_without_an_answer_is_given_up()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Hanging };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        Task<IMemoryOwner<byte>?> read = store.GetAsync(s_id, Cancel).AsTask();
        _time.Advance(ElsewhereLimits.AnswerMax);
        StoreException late = await Assert.ThrowsAsync<StoreException>(() => read);
        Assert.True(late.IsUnreachable);
        Assert.Contains("has not answered within 120 seconds", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_heeds_nothing_is_given_up_keeps_its_place_and_its_late_answer_is_disposed()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Deaf };
        var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        Task<IMemoryOwner<byte>?> read = store.GetAsync(s_id, Cancel).AsTask();
        _time.Advance(ElsewhereLimits.AnswerMax);
        StoreException late = await Assert.ThrowsAsync<StoreException>(() => read);
        Assert.True(late.IsUnreachable);

        using var stop = new CancellationTokenSource();
        Task<IMemoryOwner<byte>?>[] reads = [.. Enumerable.Range(1, ElsewhereLimits.QuestionsUnderWay).Select(_ => store.GetAsync(s_id, stop.Token).AsTask())];
        Assert.Equal(ElsewhereLimits.QuestionsUnderWay, inner.ReadCount); // the last one has no place
        await stop.CancelAsync();
        foreach (Task<IMemoryOwner<byte>?> cancelled in reads) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        // Its end does not wait for ever either.
        Task ending = store.DisposeAsync().AsTask();
        Assert.False(ending.IsCompleted);
        _time.Advance(ElsewhereLimits.LateMax);
        await ending;
    }

    [Fact]
    public async Task Cancelled_question_does_not_tell_that_a_store_is_back_and_a_success_elsewhere_does()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Unreachable };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        for (int attempt = 0; attempt < 2; attempt++) await FailsAsync(store);
        _time.Advance(ElsewhereLimits.BreakMin);
        inner.Next = static () => Fault.Hanging;
        using (var stop = new CancellationTokenSource())
        {
            Task<IMemoryOwner<byte>?> hedged = store.GetAsync(s_id, stop.Token).AsTask();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hedged);
        }

        inner.Next = static () => Fault.None;
        await FailsAsync(store);
        Assert.Equal(3, inner.ReadCount);

        await store.NoteReachedAsync();
        Assert.Null(await store.GetAsync(s_id, Cancel));
        Assert.False(store.IsBroken);
        _time.Advance(ElsewhereLimits.AnswerMax); // for the question that still hangs
    }

    [Fact]
    public async Task Questions_that_were_cancelled_keep_no_circuit_closed()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Hanging };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        for (int hedge = 0; hedge < 20; hedge++) await CancelledAsync(store, TimeSpan.FromMilliseconds(100));
        Assert.Null(store.Problem);
        inner.Next = static () => Fault.Unreachable;
        for (int attempt = 0; attempt < 2; attempt++) await FailsAsync(store);
        Assert.True(store.IsBroken);
    }

    [Fact]
    public async Task Store_that_answers_nobody_is_given_up_though_all_who_ask_it_are_served_elsewhere()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Hanging };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        for (int hedge = 0; hedge < 2; hedge++) await CancelledAsync(store, ElsewhereLimits.DeafMin);
        Assert.True(store.IsBroken);
        Assert.Equal("far has not answered for 5 seconds", store.Problem);
    }

    [Fact]
    public async Task Return_is_told_once_whoever_has_noticed_it()
    {
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Unreachable };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, _time);
        int returns = 0;
        store.Returned += () => returns++;
        await FailsAsync(store);
        Assert.Equal("store far is away", store.Problem);
        inner.Next = static () => Fault.None;
        for (int attempt = 0; attempt < 3; attempt++) Assert.Null(await store.GetAsync(s_id, Cancel));
        Assert.Equal((1, null), (returns, store.Problem));

        // Past a circuit that is open, as a disk that was plugged in.
        inner.Next = static () => Fault.Unreachable;
        for (int attempt = 0; attempt < 2; attempt++) await FailsAsync(store);
        Assert.True(store.IsBroken);
        await store.ProbeAsync(Cancel);
        Assert.Equal((2, null), (returns, store.Problem));
        Assert.False(store.IsBroken);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Return_is_told_though_the_circuit_opened_after_an_answer_that_came_at_the_same_time(bool isBreakOver)
    {
        var time = new HookedTime(_time);
        var inner = new UnreliableStore(new MemoryObjectStore("far")) { Next = static () => Fault.Unreachable };
        await using var store = new GuardedObjectStore(inner, isGivenUp: true, time);
        int returns = 0;
        store.Returned += () => returns++;
        await FailsAsync(store);
        inner.Next = () =>
        {
            time.Next = () => Assert.True(store.NoteReachedAsync().IsCompletedSuccessfully);
            return Fault.Unreachable;
        };
        await FailsAsync(store);
        Assert.True(store.IsBroken);
        Assert.NotNull(store.Problem);
        int before = returns;
        inner.Next = static () => Fault.None;
        if (isBreakOver) _time.Advance(ElsewhereLimits.BreakMax);
        if (isBreakOver) Assert.Null(await store.GetAsync(s_id, Cancel));
        else await store.ProbeAsync(Cancel);
        Assert.Equal((before + 1, null), (returns, store.Problem));
    }

    [Fact]
    public void Expectation_follows_what_is_measured_and_forgets_what_was_slow()
    {
        var meter = new StoreMeter(_time);
        Assert.Null(meter.Latency);
        for (int answer = 0; answer < 100; answer++) Measure(meter, 10);
        Assert.InRange(meter.Expectation.TotalMilliseconds, 9, 11);
        Assert.InRange(meter.HedgeDelay.TotalMilliseconds, 9, 15);
        Assert.InRange(meter.Bandwidth!.Value, 9e6, 11e6);
        for (int answer = 0; answer < 100; answer++) Measure(meter, 1000);
        Assert.InRange(meter.Expectation.TotalMilliseconds, 900, 1001);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.InRange(meter.Expectation.TotalMilliseconds, 40, 60);
        meter.Begin();
        meter.End(TimeSpan.FromMilliseconds(1), 0, isAnswer: false); // given up early: tells nothing
        Assert.InRange(meter.Expectation.TotalMilliseconds, 40, 60);
    }

    protected override ValueTask<IObjectStore> CreateAsync() => new(new GuardedObjectStore(new MemoryObjectStore("guarded"), isGivenUp: true, TimeProvider.System));

    private static void Measure(StoreMeter meter, double milliseconds)
    {
        meter.Begin();
        meter.End(TimeSpan.FromMilliseconds(milliseconds), 100_000, isAnswer: true);
    }

    private async Task CancelledAsync(GuardedObjectStore store, TimeSpan after)
    {
        using var stop = new CancellationTokenSource();
        Task<IMemoryOwner<byte>?> hedged = store.GetAsync(s_id, stop.Token).AsTask();
        _time.Advance(after);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hedged);
    }

    /// <summary>Does something once, when it is asked for the time of day: the circuit breaker does so when it counts.</summary>
    private sealed class HookedTime(TimeProvider inner) : TimeProvider
    {
        private Action? _next;

        public Action Next
        {
            set => _next = value;
        }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Exchange(ref _next, null)?.Invoke();
            return inner.GetUtcNow();
        }

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => inner.CreateTimer(callback, state, dueTime, period);
    }

    private static async Task FailsAsync(GuardedObjectStore store)
    {
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await store.GetAsync(s_id, Cancel));
        Assert.True(away.IsUnreachable);
        Assert.Equal("store " + store.Name + " is away", away.Message);
    }
}
