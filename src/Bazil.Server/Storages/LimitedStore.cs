using System.Buffers;
using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Storages;

/// <summary>
/// A store on another machine or a removable disk, as a volume reads from it that holds it to a rate. A read waits for its turn before it is asked there, by the length that the index tells, so other stores are asked
/// meanwhile as if this one were late, and how fast it answers is not measured with the wait. No credit is saved up while nothing is read. Does not own the store. Safe for concurrent use.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="rules">The limits; those of what comes from it count.</param>
/// <param name="time">Of waits and hours of the day.</param>
internal sealed class LimitedStore(RemoteStore store, ImmutableArray<RateRule> rules, TimeProvider time) : IObjectStore, IGuardedStore, IReadWitness
{
    private readonly Lock _lock = new(); // guards what follows; calls nothing outside
    private readonly long _start = time.GetTimestamp(); // a clock that is set back must not hold anything up
    private TimeSpan _next; // when the next read may begin

    public event Action? Returned
    {
        add => store.Returned += value;
        remove => store.Returned -= value;
    }

    public string Name => store.Name;

    public StoreMeter Meter => store.Meter;

    public bool IsBroken => store.IsBroken;

    public DateTimeOffset? RetryAt => store.RetryAt;

    public string? Problem => store.Problem;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        int? known = store.Packs.KnownSizeOf(id);
        if (known is { } sizeBytes) await WaitForTurnAsync(sizeBytes, cancel);
        IMemoryOwner<byte>? found = await store.GetAsync(id, cancel);
        if (known is null && found is not null) Take(found.Memory.Length); // another node has just put it there: the next ones wait for it
        return found;
    }

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => store.HasAsync(id, cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => store.SizeOfAsync(id, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => store.PutAsync(id, buffer, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => store.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => store.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => store.SyncAsync(cancel);

    public Task ProbeAsync(CancellationToken cancel) => store.ProbeAsync(cancel);

    public void NoteVerified(in ObjectId id, IMemoryOwner<byte> answer) => store.NoteVerified(id, answer);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask WaitForTurnAsync(int sizeBytes, CancellationToken cancel)
    {
        (TimeSpan wait, TimeSpan taken) = Take(sizeBytes);
        if (wait <= TimeSpan.Zero) return;
        try
        {
            await Task.Delay(wait, time, cancel);
        }
        catch (OperationCanceledException)
        {
            // Another store was faster, or nobody wants it any more: nothing is read here.
            lock (_lock) _next -= taken;
            throw;
        }
    }

    /// <summary>Counts so many bytes, and tells when they may be read.</summary>
    private (TimeSpan Wait, TimeSpan Taken) Take(int sizeBytes)
    {
        if (RateRule.EachAt(rules, TimeOnly.FromDateTime(time.GetLocalNow().DateTime)).Down is not { } rate) return default;
        TimeSpan taken = TimeSpan.FromSeconds((double)sizeBytes / rate);
        lock (_lock)
        {
            TimeSpan now = time.GetElapsedTime(_start), begin = _next > now ? _next : now;
            _next = begin + taken;
            return (begin - now, taken);
        }
    }
}
