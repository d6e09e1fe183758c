using System.Buffers;
using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Storage.Stores;

/// <summary>
/// Several stores as one: a local one, others to read from, and further ones that receive a copy of each put.
/// Reads ask the local store first, then the others, those that answer soon first, the next one beside the first when its answer is late (<see cref="HedgedRead"/>); one that fails or holds a
/// damaged object does not keep the next from being asked. "Not found" is the answer only when every store gave it.
/// <para>Does not own its parts: whoever made them disposes them. Safe for concurrent use.</para>
/// </summary>
public sealed partial class MultiObjectStore(string name, IObjectStore local, IReadOnlyList<IObjectStore> others, IReadOnlyList<IObjectStore> copies, TimeProvider? time = null) : IObjectStore
{
    private volatile IReadOnlyList<IObjectStore> _others = [.. others];
    private readonly DamagedObjects _damaged = new();
    private readonly ConcurrentDictionary<Task, bool> _late = new(); // answers that nobody waits for
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private volatile StoreException? _keepFailure;
    private long _silenceMaxTicks = Timeout.InfiniteTimeSpan.Ticks;

    public MultiObjectStore(IObjectStore local, params IReadOnlyList<IObjectStore> others)
        : this(local.Name, local, others, [])
    {
    }

    public string Name { get; } = name;

    /// <summary>The store that is asked first, written first, and where fetched objects are kept.</summary>
    public IObjectStore Local { get; } = local;

    /// <summary>Stores to read from when the local one cannot help. May be replaced at any time; reads in flight finish with the old list.</summary>
    public IReadOnlyList<IObjectStore> Others
    {
        get => _others;
        set => _others = [.. value];
    }

    /// <summary>A read is given up when the stores elsewhere have answered nobody for so long. May be changed at any time.</summary>
    public TimeSpan SilenceMax
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _silenceMaxTicks));
        set => Interlocked.Exchange(ref _silenceMaxTicks, value.Ticks);
    }

    /// <summary>Why the last fetched object could not be kept locally, or null when it was.</summary>
    public StoreException? KeepFailure => _keepFailure;

    /// <summary>The first copy that any store has. Nobody looked into it: it is not kept locally. Chunks are read by <see cref="GetVerifiedAsync"/>.</summary>
    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => FindAsync(id, verifier: null, cancel);

    /// <summary>The first copy that the verifier accepts, or null when no store has the object. One from another store is kept locally, replacing a damaged one, and that store is told (<see cref="IReadWitness"/>).</summary>
    /// <exception cref="CorruptObjectException">All copies are damaged, and every store was asked.</exception>
    /// <exception cref="StoreException">A store that may have it could not be asked.</exception>
    public ValueTask<IMemoryOwner<byte>?> GetVerifiedAsync(ObjectId id, IObjectVerifier verifier, CancellationToken cancel) =>
        FindAsync(id, verifier, cancel);

    public async ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel)
    {
        await Local.PutAsync(id, buffer, cancel);
        _damaged.Remove(id);
        foreach (IObjectStore copy in copies) await copy.PutAsync(id, buffer, cancel);
    }

    /// <summary>True when any store has it.</summary>
    public async ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel)
    {
        StoreException? failure = null;
        foreach (IObjectStore store in (IEnumerable<IObjectStore>)[Local, .. _others])
        {
            try
            {
                if (await store.HasAsync(id, cancel)) return true;
            }
            catch (StoreException exception)
            {
                failure ??= exception; // rethrown when no other store has it
            }
        }

        return failure is null ? false : throw failure;
    }

    /// <summary>
    /// True when every store that is written to has it: a put would add nothing. Only those are asked, never the others: what a peer put
    /// under an id proves nothing. A local object that a read found damaged does not count until it was put again.
    /// </summary>
    public async ValueTask<bool> TouchAsync(ObjectId id, CancellationToken cancel)
    {
        if (_damaged.MayContain(id) || !await Local.TouchAsync(id, cancel)) return false;
        foreach (IObjectStore copy in copies)
        {
            if (!await copy.TouchAsync(id, cancel)) return false;
        }

        return true;
    }

    /// <summary>Deletes from the stores that are written to; true when the local one had it.</summary>
    public async ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel)
    {
        bool had = await Local.DeleteAsync(id, cancel);
        foreach (IObjectStore copy in copies) await copy.DeleteAsync(id, cancel);
        return had;
    }

    /// <summary>Lists the local store.</summary>
    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => Local.ListAsync(cancel);

    public async ValueTask SyncAsync(CancellationToken cancel)
    {
        await Local.SyncAsync(cancel);
        foreach (IObjectStore copy in copies) await copy.SyncAsync(cancel);
    }

    /// <summary>Waits for the answers that came too late, for a while.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_late.Keys).WaitAsync(ElsewhereLimits.LateMax, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async ValueTask<IMemoryOwner<byte>?> FindAsync(ObjectId id, IObjectVerifier? verifier, CancellationToken cancel)
    {
        var failures = new Failures();
        bool isLocalUnreadable = false;
        IObjectStore? source = null; // the one elsewhere whose copy was accepted
        IMemoryOwner<byte>? found = await TryLocalAsync();
        if (found is not null) return found;

        found = await AskOthersAsync(id, (store, candidate) => Check(store, isLocal: false, candidate), failures, cancel);
        if (found is null) return failures.First is { } first ? throw first : null;
        if (verifier is not null && isLocalUnreadable) SetAside(id);
        if (verifier is not null)
        {
            await KeepAsync(id, found.Memory, cancel);
            (source as IReadWitness)?.NoteVerified(id, found);
        }

        return found;

        async ValueTask<IMemoryOwner<byte>?> TryLocalAsync()
        {
            IMemoryOwner<byte>? candidate = null;
            try
            {
                candidate = await Local.GetAsync(id, cancel);
                if (candidate is not null) Check(Local, isLocal: true, candidate);
                return candidate;
            }
            catch (StoreException exception)
            {
                failures.Add(exception); // rethrown when no other store helps
                if (Failures.IsDamage(exception)) _damaged.Add(id);
                isLocalUnreadable = Failures.IsUnreadable(exception);
                candidate?.Dispose();
                return null;
            }
        }

        void Check(IObjectStore store, bool isLocal, IMemoryOwner<byte> candidate)
        {
            try
            {
                verifier?.Verify(id, store.Name, isLocal, candidate.Memory.Span);
                if (!isLocal) source = store;
            }
            catch (CorruptObjectException)
            {
                SetAside(store, id, candidate.Memory.Span);
                throw;
            }
        }
    }

    /// <summary>Asks the stores elsewhere; when nothing at all comes from any of them for long, that is a failure, too.</summary>
    private async Task<IMemoryOwner<byte>?> AskOthersAsync(ObjectId id, Action<IObjectStore, IMemoryOwner<byte>> accept, Failures failures, CancellationToken cancel)
    {
        IReadOnlyList<IObjectStore> stores = HedgedRead.InOrder(_others);
        if (stores.Count == 0) return null;
        var read = new HedgedRead(stores, _time);
        TimeSpan silenceMax = SilenceMax;
        using var patience = new Patience(stores, read.HasAnswered, silenceMax, _time, cancel);
        try
        {
            return await read.RunAsync(id, accept, failures.Add, GiveUp, patience.Token);
        }
        catch (OperationCanceledException e) when (patience.IsOver && !cancel.IsCancellationRequested)
        {
            failures.Add(new StoreException($"{string.Join(", ", read.Unanswered)}: no answer within {silenceMax.TotalSeconds:0.#} seconds", e) { IsUnreachable = true });
            return null;
        }
    }

    /// <summary>An answer that came too late, or will: nobody waits for it any more but the end of this store.</summary>
    private void GiveUp(Task<IMemoryOwner<byte>?> answer)
    {
        Task ending = DropAsync(answer);
        if (ending.IsCompleted) return;
        _late.TryAdd(ending, true);
        if (ending.IsCompleted) _late.TryRemove(ending, out _);
        foreach (Task ended in _late.Keys.Where(static task => task.IsCompleted)) _late.TryRemove(ended, out _);
    }

    private static async Task DropAsync(Task<IMemoryOwner<byte>?> answer)
    {
        try
        {
            (await answer)?.Dispose();
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // Another store had the object, or the reader has given up.
        }
    }

    /// <summary>A store that takes an id as proof of the bytes has to be told that these are wrong, or it would not take good ones.</summary>
    private static void SetAside(IObjectStore store, ObjectId id, ReadOnlySpan<byte> found)
    {
        try
        {
            (store as IStoreVerification)?.MarkDamaged(id, found);
        }
        catch (StoreException)
        {
            // The reader has worse news: that the object is damaged. The next read finds it again.
        }
    }

    /// <summary>A place that the disk does not show is given up only now that there is a good copy, or the store would take that for a hit.</summary>
    private void SetAside(in ObjectId id)
    {
        try
        {
            (Local as IStoreVerification)?.MarkDamaged(id);
        }
        catch (StoreException exception)
        {
            // The disk is gone, not a place on it. The reader has what it wants.
            _keepFailure = exception;
        }
    }

    private async ValueTask KeepAsync(ObjectId id, ReadOnlyMemory<byte> verified, CancellationToken cancel)
    {
        try
        {
            await Local.PutAsync(id, verified, cancel);
            _damaged.Remove(id);
            _keepFailure = null;
        }
        catch (StoreException exception)
        {
            // The reader has what it wants; a full local disk must not make remote content unreadable.
            _keepFailure = exception;
        }
    }

    /// <summary>What to report when no store helped: that some could not be asked, and what each of them said, sooner than that a copy is damaged.</summary>
    private sealed class Failures
    {
        private readonly List<StoreException> _unreachable = [];
        private StoreException? _damaged;

        public StoreException? First => _unreachable switch
        {
            [] => _damaged,
            [var one] => one,
            _ => new StoreException(string.Join("; ", _unreachable.Select(static failure => failure.Message).Distinct()), _unreachable[0]) { IsUnreachable = _unreachable.Any(static failure => failure.IsUnreachable) },
        };

        /// <summary>The disk answers, but refuses to show the bytes.</summary>
        public static bool IsUnreadable(StoreException exception) => exception.InnerException is { } inner && Arena.StoreFailure.IsUnreadable(inner);

        public static bool IsDamage(StoreException exception) => exception is CorruptObjectException or Cas.UnknownEncodingException;

        public void Add(StoreException exception)
        {
            if (IsDamage(exception)) _damaged ??= exception;
            else _unreachable.Add(exception);
        }
    }
}
