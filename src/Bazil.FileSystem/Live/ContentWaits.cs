using System.Collections.Concurrent;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Live;

/// <summary>
/// Reads and changes of programs that wait for content from elsewhere: of a change, what it needs of the stored content is read first. One whose stores are all away waits until one of them is back, for a bounded time; nobody polls. Once a read has waited in vain, those
/// that follow fail at once until a store is back, or another one goes away, or for a while: a program that goes through a thousand files while the machine is offline does not wait a thousand times.
/// So many wait at a time, the others fail at once, or the kernel would read nothing ahead any more.
/// Safe for concurrent use.
/// </summary>
/// <param name="reach">The stores elsewhere.</param>
/// <param name="clock">Measures waits.</param>
internal sealed class ContentWaits(IContentReach reach, TimeProvider clock)
{
    /// <summary>For so long after a read has waited in vain the next ones do not wait.</summary>
    private static readonly TimeSpan VainTime = TimeSpan.FromMinutes(1);

    /// <summary>A read that takes longer than this is said to wait.</summary>
    private static readonly TimeSpan ShownMin = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Waiter, bool> _waiting = new();

    // What was seen when a read had waited in vain: the wait for the next return, the stores that were away, and when.
    private volatile Vain? _vain;
    private int _waitingForReturn;

    /// <summary>Those that have waited for a while.</summary>
    public IEnumerable<(ContentUse Use, TimeSpan Since, string? Problem)> List() => _waiting.Keys
        .Select(waiter => (waiter.Use, Since: clock.GetElapsedTime(waiter.Began), waiter.Problem))
        .Where(static read => read.Since >= ShownMin)
        .OrderByDescending(static read => read.Since);

    /// <summary>Reads, and reads again when a store is back. Costs nothing more while content is at hand.</summary>
    /// <param name="use">What is listed.</param>
    /// <param name="state">Given to <paramref name="read"/>.</param>
    /// <param name="read">May be called again after a failure.</param>
    /// <param name="cancel">Ends the read and the wait.</param>
    public ValueTask<TResult> ReadAsync<TState, TResult>(in ContentUse use, TState state, Func<TState, CancellationToken, ValueTask<TResult>> read, CancellationToken cancel)
    {
        Task returned = reach.Returned; // before the stores are asked: one that is back meanwhile counts
        ValueTask<TResult> first = read(state, cancel);
        return first.IsCompletedSuccessfully ? first : WaitAsync(use, state, read, first, returned, cancel);
    }

    private async ValueTask<TResult> WaitAsync<TState, TResult>(
        ContentUse use, TState state, Func<TState, CancellationToken, ValueTask<TResult>> read, ValueTask<TResult> reading, Task returned, CancellationToken cancel)
    {
        var waiter = new Waiter(use, clock.GetTimestamp());
        _waiting.TryAdd(waiter, true);
        IDisposable? watch = null;
        try
        {
            for (;;)
            {
                try
                {
                    return await reading;
                }
                catch (StoreException e) when (e.IsUnreachable)
                {
                    waiter.Problem = e.Message;
                    TimeSpan left = reach.WaitMax - clock.GetElapsedTime(waiter.Began);
                    if (left <= TimeSpan.Zero) NoteVain(returned); // it waited for answers, or for a store that comes and goes
                    if (left <= TimeSpan.Zero || (!returned.IsCompleted && IsInVain(returned))) throw;
                    if (!returned.IsCompleted)
                    {
                        watch ??= TryWatch();
                        if (watch is null || !await IsBackWithin(returned, left, cancel)) throw;
                    }
                }

                returned = reach.Returned;
                reading = read(state, cancel);
            }
        }
        finally
        {
            if (watch is not null) EndWatch(watch);
            _waiting.TryRemove(waiter, out _);
        }
    }

    private async Task<bool> IsBackWithin(Task returned, TimeSpan time, CancellationToken cancel)
    {
        try
        {
            await returned.WaitAsync(time, clock, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            NoteVain(returned);
            return false;
        }
    }

    /// <summary>Null when too many wait already.</summary>
    private IDisposable? TryWatch()
    {
        if (Interlocked.Increment(ref _waitingForReturn) <= Limits.WaitingReadsMax) return reach.Watch();
        Interlocked.Decrement(ref _waitingForReturn);
        return null;
    }

    private void EndWatch(IDisposable watch)
    {
        watch.Dispose();
        Interlocked.Decrement(ref _waitingForReturn);
    }

    private void NoteVain(Task returned) => _vain = new Vain(returned, [.. reach.Away], clock.GetTimestamp());

    /// <summary>Whether a read has waited for the same stores in vain a moment ago. One that is away since then may be back soon.</summary>
    private bool IsInVain(Task returned) =>
        _vain is { } vain && ReferenceEquals(vain.Returned, returned) && clock.GetElapsedTime(vain.At) < VainTime && (vain.Away.Count == 0 || vain.Away.IsSupersetOf(reach.Away));

    /// <param name="Returned">The wait for the next return.</param>
    /// <param name="Away">The stores that were away; none when those that do not answer are not known yet.</param>
    /// <param name="At">When.</param>
    private sealed record Vain(Task Returned, HashSet<string> Away, long At);

    private sealed class Waiter(ContentUse use, long began)
    {
        public ContentUse Use { get; } = use;

        public long Began { get; } = began;

        public string? Problem { get; set; }
    }
}
