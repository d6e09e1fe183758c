using System.Collections.Concurrent;
using Bazil.Storage.Stores;

namespace Bazil.Remotes.Folders;

/// <summary>
/// Calls to a disk that may hang in the kernel, where nothing cancels them. Each runs on a thread of the pool; whoever gives up leaves the thread behind, which must touch nothing of the caller's from
/// then on. When too many were left behind and do not come back, further calls fail at once. Safe for concurrent use.
/// </summary>
/// <param name="name">Of the folder, for messages.</param>
/// <param name="time">Tells what hangs.</param>
internal sealed class DiskCalls(string name, TimeProvider time) : IDisposable
{
    private readonly ConcurrentDictionary<Task, long> _left = new(); // since when
    private readonly CancellationTokenSource _ending = new(); // not disposed: calls that were left behind look at it

    /// <param name="work">Looks at its token before it changes anything that others see; the caller may be gone then.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreException">The disk hangs, or the folder is closed.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (_left.Values.Count(since => time.GetElapsedTime(since) >= Limits.DiskHangMin) >= Limits.DiskCallsLeft)
        {
            throw new StoreException($"{name} hangs: {Limits.DiskCallsLeft} calls have not returned; unplug the disk, or look at the kernel's log") { IsUnreachable = true };
        }

        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _ending.Token);
        Task<T> running = Task.Run(() => work(stop.Token), CancellationToken.None);
        try
        {
            return await running.WaitAsync(Limits.DiskAnswerMax, time, stop.Token);
        }
        catch (TimeoutException e)
        {
            await stop.CancelAsync();
            throw new StoreException($"{name} hangs: it has not answered within {Limits.DiskAnswerMax.TotalMinutes:0} minutes", e) { IsUnreachable = true };
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new StoreException($"{name} is closed", e);
        }
        finally
        {
            if (running.IsCompleted) stop.Dispose();
            else Leave(running, stop);
        }
    }

    /// <summary>Calls under way are left behind.</summary>
    public void Dispose() => _ending.Cancel();

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
