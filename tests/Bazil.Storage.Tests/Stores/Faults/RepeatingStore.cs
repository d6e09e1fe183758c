using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>
/// Repeats what failed and gives up what hangs, as everything above a store may: the contract of stores says that every call may be repeated, whatever became of it. With it a store whose calls go wrong
/// keeps the contract to the letter. Owns the store.
/// </summary>
public sealed class RepeatingStore(IObjectStore inner) : IObjectStore
{
    private const int AttemptsMax = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public string Name => inner.Name;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => RepeatAsync(token => inner.GetAsync(id, token), cancel);

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => await RepeatAsync(
        async token =>
        {
            await inner.PutAsync(id, buffer, token);
            return true;
        },
        cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => RepeatAsync(token => inner.HasAsync(id, token), cancel);

    public ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel) => RepeatAsync(token => inner.TouchAsync(id, token), cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => RepeatAsync(token => inner.SizeOfAsync(id, token), cancel);

    /// <summary>Whether there was something to delete is asked before: an attempt that failed may have deleted it.</summary>
    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        bool had = await HasAsync(id, cancel);
        await RepeatAsync(token => inner.DeleteAsync(id, token), cancel);
        return had;
    }

    public async IAsyncEnumerable<ObjectId> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        List<ObjectId> found = await RepeatAsync(
            async token =>
            {
                var ids = new List<ObjectId>();
                await foreach (ObjectId id in inner.ListAsync(token)) ids.Add(id);
                return ids;
            },
            cancel);
        foreach (ObjectId id in found) yield return id;
    }

    public async ValueTask SyncAsync(CancellationToken cancel) => await RepeatAsync(
        async token =>
        {
            await inner.SyncAsync(token);
            return true;
        },
        cancel);

    /// <summary>A store that writes what waits when it is disposed has nothing left to write.</summary>
    public async ValueTask DisposeAsync()
    {
        await SyncAsync(CancellationToken.None);
        await inner.DisposeAsync();
    }

    private static async ValueTask<T> RepeatAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancel)
    {
        for (int attempt = 1; ; attempt++)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(Patience);
            try
            {
                return await call(patience.Token);
            }
            catch (Exception e) when (attempt < AttemptsMax && !cancel.IsCancellationRequested && e is StoreException { IsUnreachable: true } or OperationCanceledException)
            {
                // It is done again.
            }
        }
    }
}
