using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>A store that may be away, or take questions and not answer.</summary>
internal sealed class FarObjects : IObjectStore
{
    private readonly MemoryObjectStore _objects = new("far");
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => "far";

    public bool IsAway { get; set; }

    public bool Hangs { get; set; }

    /// <summary>Called with each question while it is away, before it fails.</summary>
    public Action? Refusing { get; set; }

    /// <summary>Completes with the first question while it hangs.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Completes when a question is cancelled on its way.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>Takes all that another store has.</summary>
    public async Task TakeAsync(IObjectStore from, CancellationToken cancel)
    {
        List<ObjectId> ids = [];
        await foreach (ObjectId id in from.ListAsync(cancel)) ids.Add(id);
        foreach (ObjectId id in ids)
        {
            using IMemoryOwner<byte> found = (await from.GetAsync(id, cancel))!;
            await _objects.PutAsync(id, found.Memory, cancel);
            await from.DeleteAsync(id, cancel);
        }
    }

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        if (IsAway)
        {
            Refusing?.Invoke();
            throw new StoreException("far is away") { IsUnreachable = true };
        }

        try
        {
            if (Hangs)
            {
                _asked.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            }

            return await _objects.GetAsync(id, cancel);
        }
        catch (OperationCanceledException)
        {
            _cancelled.TrySetResult();
            throw;
        }
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => _objects.HasAsync(id, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => throw new StoreException("far is only read");

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => throw new StoreException("far is only read");

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => _objects.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _objects.DisposeAsync();
}
