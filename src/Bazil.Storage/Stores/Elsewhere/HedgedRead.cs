using System.Buffers;
using Bazil.Core;

namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>
/// Reads one object from the first of several stores that has it right. They are asked one after the other, those that answer soon first; the next one at once when a store fails or does not
/// have it, and when an answer is late beside it ("The Tail at Scale", Dean and Barroso 2013). What comes later than the first good answer is given up. One read.
/// </summary>
internal sealed class HedgedRead(IReadOnlyList<IObjectStore> stores, TimeProvider time)
{
    private readonly List<(IObjectStore Store, Task<IMemoryOwner<byte>?> Answer)> _asked = [];

    private volatile IObjectStore[] _answered = []; // replaced as a whole: others look at it

    /// <summary>The stores that were asked and have not answered.</summary>
    public IEnumerable<string> Unanswered => _asked.Select(static asked => asked.Store.Name);

    /// <summary>Whether a store has answered this read, or failed it. May be asked from any thread.</summary>
    public bool HasAnswered(IObjectStore store) => Array.IndexOf(_answered, store) >= 0;

    /// <summary>The stores in the order in which they are asked.</summary>
    public static IReadOnlyList<IObjectStore> InOrder(IReadOnlyList<IObjectStore> stores) =>
        stores.Count < 2 ? stores : [.. stores.OrderBy(static store => store is IGuardedStore { IsBroken: true }).ThenBy(static store => (store as IGuardedStore)?.Meter.Expectation ?? TimeSpan.Zero)];

    /// <param name="accept">Looks at an answer; called for one at a time, with the buffer lent.</param>
    /// <param name="failed">Told of each failure, and of what was not accepted.</param>
    /// <param name="late">Given what has not ended, though it was told to.</param>
    /// <returns>What was accepted; null when no store has it. The caller disposes it.</returns>
    public async Task<IMemoryOwner<byte>?> RunAsync(
        ObjectId id, Action<IObjectStore, IMemoryOwner<byte>> accept, Action<StoreException> failed, Action<Task<IMemoryOwner<byte>?>> late, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        int next = 0;
        try
        {
            while (_asked.Count > 0 || next < stores.Count)
            {
                if (_asked.Count == 0 || !await HasAnsweredAsync(next < stores.Count, stop.Token))
                {
                    IObjectStore store = stores[next++];
                    _asked.Add((store, AskAsync(store, id, stop.Token)));
                    continue;
                }

                int index = _asked.FindIndex(static asked => asked.Answer.IsCompleted);
                (IObjectStore answered, Task<IMemoryOwner<byte>?> answer) = _asked[index];
                _asked.RemoveAt(index);
                _answered = [.. _answered, answered];
                if (await TakeAsync(answered, answer, accept, failed) is { } found) return found;
            }

            return null;
        }
        finally
        {
            await stop.CancelAsync();
            foreach ((_, Task<IMemoryOwner<byte>?> answer) in _asked) late(answer);
        }
    }

    /// <summary>A store may throw before there is a task.</summary>
    private static async Task<IMemoryOwner<byte>?> AskAsync(IObjectStore store, ObjectId id, CancellationToken cancel) => await store.GetAsync(id, cancel);

    /// <summary>Waits for an answer, but not longer than the one asked last nearly always takes if there is another to ask.</summary>
    private async Task<bool> HasAnsweredAsync(bool isAnotherLeft, CancellationToken cancel)
    {
        Task any = Task.WhenAny(_asked.Select(static asked => asked.Answer));
        if (any.IsCompleted) return true;
        if (!isAnotherLeft || _asked[^1].Store is not IGuardedStore { Meter.HedgeDelay: var delay })
        {
            await any.WaitAsync(cancel);
            return true;
        }

        try
        {
            await any.WaitAsync(delay, time, cancel);
            return true;
        }
        catch (TimeoutException)
        {
            return false; // it is late
        }
    }

    private static async Task<IMemoryOwner<byte>?> TakeAsync(IObjectStore store, Task<IMemoryOwner<byte>?> answer, Action<IObjectStore, IMemoryOwner<byte>> accept, Action<StoreException> failed)
    {
        IMemoryOwner<byte>? found = null;
        try
        {
            found = await answer;
            if (found is not null) accept(store, found);
            return found;
        }
        catch (StoreException e)
        {
            failed(e);
            found?.Dispose();
            return null;
        }
    }
}
