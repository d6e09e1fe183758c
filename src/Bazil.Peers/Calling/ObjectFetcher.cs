using Bazil.Core;

namespace Bazil.Peers.Calling;

/// <summary>
/// Gathers gets of single objects that wait at the same time into few requests: while <see cref="Limits.GetRequests"/> are under way, further gets wait and
/// then travel together. A get that nobody waits for any more takes nothing along. Concurrent.
/// </summary>
/// <param name="fetch">Fetches a batch; what it yields is in the order of the ids.</param>
internal sealed class ObjectFetcher(Func<IReadOnlyList<ObjectId>, CancellationToken, IAsyncEnumerable<PeerObject>> fetch)
{
    private readonly Lock _lock = new(); // guards everything below and the batches' counts; calls nothing outside
    private readonly Queue<Wanted> _waiting = new();
    private int _running;

    /// <summary>Fetches one object. The caller disposes its content.</summary>
    /// <exception cref="Storage.Stores.StoreException">The transfer broke.</exception>
    public async Task<PeerObject> FetchAsync(ObjectId id, CancellationToken cancel)
    {
        var wanted = new Wanted(id);
        List<Wanted>? batch;
        lock (_lock)
        {
            _waiting.Enqueue(wanted);
            batch = TakeBatch();
        }

        if (batch is not null) _ = RunAsync(batch);
        try
        {
            return await wanted.Found.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            GiveUp(wanted);
            throw;
        }
    }

    /// <summary>Under the lock: the next batch, when one may start.</summary>
    private List<Wanted>? TakeBatch()
    {
        if (_running == Limits.GetRequests) return null;
        var batch = new List<Wanted>();
        while (batch.Count < Limits.GetsPerRequest && _waiting.TryDequeue(out Wanted? next))
        {
            if (!next.IsGivenUp) batch.Add(next);
        }

        if (batch.Count == 0) return null;
        _running++;
        var shared = new Batch(batch.Count);
        foreach (Wanted wanted in batch) wanted.Batch = shared;
        return batch;
    }

    /// <summary>Never throws: what goes wrong is for those who wait to hear.</summary>
    private async Task RunAsync(List<Wanted>? batch)
    {
        while (batch is not null)
        {
            Batch shared = batch[0].Batch!;
            int done = 0;
            try
            {
                await foreach (PeerObject found in fetch([.. batch.Select(static wanted => wanted.Id)], shared.Cancel.Token)) Deliver(batch[done++], found);
            }
            catch (Exception e)
            {
                foreach (Wanted wanted in batch.Skip(done)) wanted.Found.TrySetException(e);
            }

            lock (_lock)
            {
                _running--;
                batch = TakeBatch();
            }
        }
    }

    private void Deliver(Wanted wanted, PeerObject found)
    {
        lock (_lock)
        {
            if (!wanted.IsGivenUp)
            {
                wanted.Batch!.Waiting--;
                wanted.Found.SetResult(found);
                return;
            }
        }

        found.Content?.Dispose();
    }

    /// <summary>The caller was cancelled. What has arrived for it meanwhile goes back; a batch that nobody waits for ends.</summary>
    private void GiveUp(Wanted wanted)
    {
        bool isUnwanted = false;
        lock (_lock)
        {
            wanted.IsGivenUp = true;
            if (wanted.Found.Task.IsCompletedSuccessfully) wanted.Found.Task.GetAwaiter().GetResult().Content?.Dispose();
            else if (wanted.Batch is { } batch && !wanted.Found.Task.IsCompleted) isUnwanted = --batch.Waiting == 0;
        }

        if (isUnwanted) wanted.Batch!.Cancel.Cancel();
    }

    /// <summary>One get that waits.</summary>
    private sealed class Wanted(ObjectId id)
    {
        public ObjectId Id { get; } = id;

        public TaskCompletionSource<PeerObject> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Batch? Batch { get; set; }

        public bool IsGivenUp { get; set; }
    }

    /// <summary>Gets that travel together.</summary>
    private sealed class Batch(int count)
    {
        /// <summary>Those that have neither got their object nor given up.</summary>
        public int Waiting { get; set; } = count;

        /// <summary>Not disposed: it has neither timer nor handle, and a late give-up may still use it.</summary>
        public CancellationTokenSource Cancel { get; } = new();
    }
}
