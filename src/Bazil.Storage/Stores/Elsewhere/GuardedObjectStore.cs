using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Polly;
using Polly.CircuitBreaker;

namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>
/// A store that may be away, slow or hang, made safe to ask: so many questions at a time and no more; one that is not answered in time is given up; after failures to reach it nobody waits
/// for it for a while, a single question then tells whether it is back (a circuit breaker). How fast it answers is measured. Only reads are guarded: whoever writes there has waits of its own.
/// <para>Owns the store. Safe for concurrent use.</para>
/// </summary>
public sealed class GuardedObjectStore : IObjectStore, IGuardedStore
{
    private readonly IObjectStore _inner;
    private readonly TimeProvider _time;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly CircuitBreakerManualControl _control = new();
    private readonly ConcurrentDictionary<Task, bool> _late = new(); // questions that nobody waits for
    private readonly ResiliencePipeline _breaker;
    private readonly TimeSpan _answerMax;
    private readonly SemaphoreSlim _places = new(ElsewhereLimits.QuestionsUnderWay);

    private volatile StoreException? _lastFailure;
    private volatile bool _isAway; // the last question was not answered
    private int _isTrying; // 1 while the one question is asked that tells whether it is back
    private long _retryAt; // ticks of UTC; 0 for none
    private int _breaks; // in a row; used by the breaker only

    /// <param name="inner">The store.</param>
    /// <param name="isGivenUp">Whether it is given up for a while when it cannot be reached or does not answer; false for a store that finds that out by itself, and is only measured here.</param>
    /// <param name="time">Of waits and measurements.</param>
    public GuardedObjectStore(IObjectStore inner, bool isGivenUp, TimeProvider time)
    {
        (_inner, _time) = (inner, time);
        Meter = new StoreMeter(time);
        _answerMax = isGivenUp ? ElsewhereLimits.AnswerMax : Timeout.InfiniteTimeSpan;
        _breaker = !isGivenUp ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<StoreException>(static failure => failure.IsUnreachable),
            FailureRatio = 0.5,
            MinimumThroughput = 2,
            SamplingDuration = ElsewhereLimits.BreakerSampling,
            BreakDurationGenerator = _ => new ValueTask<TimeSpan>(NextBreak()),
            OnClosed = _ =>
            {
                _breaks = 0;
                return default;
            },
            StateProvider = _state,
            ManualControl = _control,
        }).Build();
    }

    public event Action? Returned;

    public string Name => _inner.Name;

    public StoreMeter Meter { get; }

    public bool IsBroken => _state.CircuitState == CircuitState.Open;

    public DateTimeOffset? RetryAt => IsBroken ? new DateTimeOffset(Interlocked.Read(ref _retryAt), TimeSpan.Zero) : null;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) =>
        AskAsync(token => _inner.GetAsync(id, token), static found => found?.Memory.Length ?? 0, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => AskAsync(token => _inner.HasAsync(id, token), static _ => 0, cancel);

    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => AskAsync(token => _inner.TouchAsync(id, token), static _ => 0, cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => AskAsync(token => _inner.SizeOfAsync(id, token), static _ => 0, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => _inner.PutAsync(id, buffer, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => _inner.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => _inner.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => _inner.SyncAsync(cancel);

    public string? Problem => _isAway || IsBroken ? _lastFailure?.Message : null;

    /// <summary>It has turned out to be there: it is asked again at once.</summary>
    public Task NoteReachedAsync() => CountAsync(failure: null).AsTask();

    public async Task ProbeAsync(CancellationToken cancel)
    {
        await _inner.HasAsync(default, cancel);
        await NoteReachedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync();
        await WaitForLateAsync();
    }

    /// <summary>Waits for the questions that nobody waits for any more, for a while: what hangs may hang for ever.</summary>
    public async ValueTask WaitForLateAsync()
    {
        await Task.WhenAll(_late.Keys).WaitAsync(ElsewhereLimits.LateMax, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> ask, Func<T, int> sizeOf, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (!IsBroken) return await AskNowAsync(ask, sizeOf, cancel);
        if (_time.GetUtcNow().UtcTicks < Interlocked.Read(ref _retryAt) || Interlocked.Exchange(ref _isTrying, 1) != 0)
        {
            throw new StoreException(_lastFailure?.Message ?? $"{Name} could not be reached a moment ago", _lastFailure) { IsUnreachable = true };
        }

        // The one question that tells whether the store is back is asked to its end, even if nobody wants the answer any more: a cancelled one tells nothing.
        Task<T> asked = TryAsync(ask, sizeOf);
        try
        {
            return await asked.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            GiveUp(asked);
            throw;
        }
    }

    private async Task<T> TryAsync<T>(Func<CancellationToken, ValueTask<T>> ask, Func<T, int> sizeOf)
    {
        try
        {
            return await AskNowAsync(ask, sizeOf, CancellationToken.None);
        }
        finally
        {
            Volatile.Write(ref _isTrying, 0);
        }
    }

    private async ValueTask<T> AskNowAsync<T>(Func<CancellationToken, ValueTask<T>> ask, Func<T, int> sizeOf, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(_answerMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        long began = _time.GetTimestamp(), answersBefore = Meter.Answers;
        try
        {
            await _places.WaitAsync(either.Token);
            T answer = await MeasureAsync(AnswerAsync(ask, either.Token), sizeOf, either.Token);
            await CountAsync(failure: null);
            return answer;
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw await FailedAsync(new StoreException($"{Name} has not answered within {_answerMax.TotalSeconds} seconds", e) { IsUnreachable = true });
        }
        catch (OperationCanceledException)
        {
            // It tells nothing, unless the store has answered nobody at all for long.
            TimeSpan took = _time.GetElapsedTime(began);
            if (took >= ElsewhereLimits.DeafMin && Meter.Answers == answersBefore) await FailedAsync(new StoreException($"{Name} has not answered for {took.TotalSeconds:0} seconds") { IsUnreachable = true });
            throw;
        }
        catch (StoreException e) when (e.IsUnreachable)
        {
            throw await FailedAsync(e);
        }
        catch (StoreException)
        {
            await CountAsync(failure: null); // it is there, and says so
            throw;
        }
    }

    /// <summary>Keeps the place until the store is done with the question, also when it was given up: one that heeds nothing is not asked more and more.</summary>
    private async Task<T> AnswerAsync<T>(Func<CancellationToken, ValueTask<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await ask(cancel);
        }
        finally
        {
            _places.Release();
        }
    }

    private async ValueTask<T> MeasureAsync<T>(Task<T> asked, Func<T, int> sizeOf, CancellationToken cancel)
    {
        long began = _time.GetTimestamp();
        int sizeBytes = 0;
        bool isAnswer = false;
        Meter.Begin();
        try
        {
            T answer = await asked.WaitAsync(cancel);
            (sizeBytes, isAnswer) = (sizeOf(answer), true);
            return answer;
        }
        catch (OperationCanceledException)
        {
            GiveUp(asked);
            throw;
        }
        finally
        {
            Meter.End(_time.GetElapsedTime(began), sizeBytes, isAnswer);
        }
    }

    private void GiveUp<T>(Task<T> asked)
    {
        Task ending = DropAsync(asked);
        _late.TryAdd(ending, true);
        _ = ending.ContinueWith(ended => _late.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static async Task DropAsync<T>(Task<T> asked)
    {
        await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // whoever asked does not wait for it
        if (asked.IsCompletedSuccessfully) (await asked as IDisposable)?.Dispose();
    }

    private async ValueTask<StoreException> FailedAsync(StoreException failure)
    {
        (_lastFailure, _isAway) = (failure, true);
        await CountAsync(failure);
        return failure;
    }

    /// <summary>Tells the circuit breaker how a question ended. Those that were cancelled are not counted: a hedge that was faster says nothing of this store.</summary>
    private async ValueTask CountAsync(StoreException? failure)
    {
        // Before it is told: a success closes a circuit whose break is over. One that an earlier question failed may open after the success of a later one.
        bool isReturn = _state.CircuitState != CircuitState.Closed;
        ResilienceContext context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        try
        {
            await _breaker.ExecuteOutcomeAsync<bool, StoreException?>(static (_, outcome) => new(outcome is null ? Outcome.FromResult(true) : Outcome.FromException<bool>(outcome)), context, failure);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }

        // The circuit breaker's clock may be a moment behind this one.
        if (failure is not null)
        {
            if (IsBroken && _time.GetUtcNow().UtcTicks >= Interlocked.Read(ref _retryAt)) Interlocked.Exchange(ref _retryAt, (_time.GetUtcNow() + ElsewhereLimits.BreakMin).UtcTicks);
            return;
        }

        if (_state.CircuitState != CircuitState.Closed)
        {
            isReturn = true;
            await _control.CloseAsync();
        }

        if (!_isAway && !isReturn) return;
        _isAway = false;
        Returned?.Invoke();
    }

    private TimeSpan NextBreak()
    {
        TimeSpan wait = ElsewhereLimits.BreakMin * Math.Pow(2, Math.Min(_breaks++, 10));
        if (wait > ElsewhereLimits.BreakMax) wait = ElsewhereLimits.BreakMax;
        Interlocked.Exchange(ref _retryAt, (_time.GetUtcNow() + wait).UtcTicks);
        return wait;
    }
}
