using System.Runtime.CompilerServices;
using Bazil.Storage.Stores;

namespace Bazil.Peers.Serving;

/// <summary>
/// Makes many acknowledgements durable with few syncs: requests that arrive while a sync runs share the next one. Concurrent.
/// </summary>
internal sealed class GroupSync
{
    private readonly ConditionalWeakTable<IObjectStore, StoreQueue> _queues = [];

    /// <summary>On return, everything put into <paramref name="store"/> before this call is durable.</summary>
    public Task SyncAsync(IObjectStore store, CancellationToken cancel) =>
        _queues.GetValue(store, static store => new StoreQueue(store)).SyncAsync(cancel);

    private sealed class StoreQueue(IObjectStore store)
    {
        private readonly Lock _lock = new(); // guards both tasks; the sync itself runs outside
        private Task _running = Task.CompletedTask;
        private Task? _next;

        public Task SyncAsync(CancellationToken cancel)
        {
            lock (_lock)
            {
                // One that already runs may have begun before our put: only the one after it will do.
                _next ??= RunAsync(_running);
                return _next.WaitAsync(cancel);
            }
        }

        private async Task RunAsync(Task before)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            lock (_lock)
            {
                _running = _next!;
                _next = null;
            }
            // Not cancelled by any one request: the others rely on it.
            await store.SyncAsync(CancellationToken.None);
        }
    }
}
