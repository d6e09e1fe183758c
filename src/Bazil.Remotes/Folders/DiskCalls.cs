using System.Collections.Concurrent;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Folders;

/// <summary>
/// Calls to a disk that may hang in the kernel, where nothing cancels them. Each runs on a thread of its own, never on one of the pool, on which all of the process lives; so many at a time, the others
/// wait for their turn without a thread. Whoever gives up leaves the thread behind, which keeps its place until it returns, and must touch nothing of the caller's from then on. When all places are taken by
/// threads that were left behind and do not come back, further calls fail at once. Safe for concurrent use.
/// </summary>
/// <param name="name">Of the folder, for messages.</param>
/// <param name="time">Tells what hangs.</param>
internal sealed class DiskCalls(string name, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<Task, long> _left = new(); // since when
    private readonly SemaphoreSlim _places = new(Limits.DiskCallsUnderWay); // not disposed: calls that were left behind give theirs back
    private readonly CancellationTokenSource _ending = new(); // not disposed: calls that were left behind look at it

    /// <param name="work">Looks at its token before it changes anything that others see; the caller may be gone then.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreException">The disk hangs, or the folder is closed.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (_left.Values.Count(since => time.GetElapsedTime(since) >= Limits.DiskHangMin) >= Limits.DiskCallsUnderWay)
        {
            throw new StoreException($"{name} hangs: {Limits.DiskCallsUnderWay} calls have not returned; unplug the disk, or look at the kernel's log") { IsUnreachable = true };
        }

        using var limit = new CancellationTokenSource(Limits.DiskAnswerMax, time);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _ending.Token, limit.Token);
        Task<T>? running = null;
        try
        {
            await _places.WaitAsync(stop.Token);
            limit.CancelAfter(Limits.DiskAnswerMax); // those before it had as much
            running = Start(work, stop.Token);
            return await running.WaitAsync(stop.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            if (_ending.IsCancellationRequested) throw new StoreException($"{name} is closed", e);
            throw new StoreException($"{name} hangs: it has not answered within {Limits.DiskAnswerMax.TotalMinutes:0} minutes", e) { IsUnreachable = true };
        }
        finally
        {
            if (running is null or { IsCompleted: true }) stop.Dispose();
            else Leave(running, stop);
        }
    }

    /// <summary>Calls under way are left behind.</summary>
    public void Dispose() => _ending.Cancel();

    /// <summary>The place is the thread's.</summary>
    private Task<T> Start<T>(Func<CancellationToken, T> work, CancellationToken stop) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                return work(stop);
            }
            finally
            {
                _places.Release();
            }
        },
        CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private void Leave(Task running, CancellationTokenSource stop)
    {
        _left.TryAdd(running, time.GetTimestamp());
        _ = running.ContinueWith(
            ended =>
            {
                _left.TryRemove(ended, out _);
                _ = ended.Exception; // nobody waits for it
                stop.Dispose();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
