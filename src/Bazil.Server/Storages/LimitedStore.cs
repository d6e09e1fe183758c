using System.Buffers;
using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Storages;

/// <summary>
/// A store on another machine or a removable disk, as a volume reads from it that holds it to a rate. A read waits for its turn before it is asked there, by the length that the index tells, so other stores are asked
/// meanwhile as if this one were late, and how fast it answers is not measured with the wait. Who gives up leaves the line, and those behind move up: a read that a program waits for does not wait behind what was to be read ahead and is not wanted any more. No credit is saved up while nothing is read. Nothing waits that is still in this machine's memory, or while the store is away. Does not own the store. Safe for concurrent use.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="rules">The limits; those of what comes from it count.</param>
/// <param name="time">Of waits and hours of the day.</param>
internal sealed class LimitedStore(RemoteStore store, ImmutableArray<RateRule> rules, TimeProvider time) : IObjectStore, IGuardedStore, IReadWitness
{
    private readonly SemaphoreSlim _line = new(1); // whose turn is next holds it
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

    private long? Rate => RateRule.EachAt(rules, TimeOnly.FromDateTime(time.GetLocalNow().DateTime)).Down;

    public async ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel)
    {
        if (store.Packs.TryCopyHere(id) is { } here) return here; // from this machine's memory
        int? known = store.IsBroken ? null : store.Packs.ReadBytesOf(id); // one that is away says so at once
        (TimeSpan taken, IMemoryOwner<byte>? came) = known is { } sizeBytes ? await WaitForTurnAsync(id, sizeBytes, cancel) : default;
        if (came is not null) return came;
        IMemoryOwner<byte>? found;
        try
        {
            found = await store.GetAsync(id, cancel);
        }
        catch (StoreException e) when (e.IsUnreachable)
        {
            GiveBack(taken); // nothing came; after other failures, and when nobody wants it any more, something may have come
            throw;
        }

        if (found is null) GiveBack(taken);
        else if (known is null && Rate is { } rate) Take(found.Memory.Length, rate, time.GetElapsedTime(_start)); // another node has just put it there, or the store is back: the next ones wait for it
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

    /// <summary>
    /// Returns what was taken, in time; nothing is when the wait is cancelled, for another store was faster, or nobody wants it any more. Nor when a read before it in the line has brought the object, too:
    /// that is paid for once.
    /// </summary>
    private async ValueTask<(TimeSpan Taken, IMemoryOwner<byte>? Here)> WaitForTurnAsync(ObjectId id, int sizeBytes, CancellationToken cancel)
    {
        if (Rate is not { } rate) return default;
        TimeSpan came = time.GetElapsedTime(_start);
        await _line.WaitAsync(cancel);
        try
        {
            if (store.Packs.TryCopyHere(id) is { } before) return (default, before);
            TimeSpan wait;
            lock (_lock) wait = _next - time.GetElapsedTime(_start);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancel);
            return store.Packs.TryCopyHere(id) is { } here ? (default, here) : (Take(sizeBytes, rate, came), null);
        }
        finally
        {
            _line.Release();
        }
    }

    private void GiveBack(TimeSpan taken)
    {
        lock (_lock) _next -= taken;
    }

    /// <summary>Counts so many bytes, for somebody who came at this moment.</summary>
    private TimeSpan Take(int sizeBytes, long rate, TimeSpan came)
    {
        TimeSpan taken = TimeSpan.FromSeconds((double)sizeBytes / rate);
        lock (_lock) _next = (_next > came ? _next : came) + taken;
        return taken;
    }
}
