using System.Buffers;
using Bazil.Core;
using Bazil.Remotes.Packs;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Storages;

/// <summary>
/// A store on a machine that has never heard of Bazil, or on a removable disk. What it takes is durable with its sync, as everywhere; disposing it does not wait for that: whoever put objects and
/// has not synced puts them again after the next start. Safe for concurrent use.
/// </summary>
internal sealed class RemoteStore(PackStore packs, TimeProvider time) : IObjectStore, IGuardedStore, IReadWitness
{
    private readonly GuardedObjectStore _reads = new(packs, isGivenUp: true, time);

    public string Name => packs.Name;

    public StoreMeter Meter => _reads.Meter;

    public bool IsBroken => _reads.IsBroken;

    public DateTimeOffset? RetryAt => _reads.RetryAt;

    public string? Problem => _reads.Problem;

    public event Action? Returned
    {
        add => _reads.Returned += value;
        remove => _reads.Returned -= value;
    }

    /// <inheritdoc cref="PackStore.MeetAsync"/>
    public async Task<Guid> MeetAsync(CancellationToken cancel)
    {
        Guid id = await packs.MeetAsync(cancel);
        await _reads.NoteReachedAsync(); // a disk that is back is read from at once
        return id;
    }

    public async Task ProbeAsync(CancellationToken cancel) => await MeetAsync(cancel);

    /// <inheritdoc cref="PackStore.Usage"/>
    public PackStoreUsage Usage => packs.Usage;

    /// <inheritdoc cref="PackStore.LastMet"/>
    public DateTimeOffset? LastMet => packs.LastMet;

    /// <inheritdoc cref="PackStore.Lost"/>
    public event Action? Lost
    {
        add => packs.Lost += value;
        remove => packs.Lost -= value;
    }

    /// <inheritdoc cref="PackStore.Generation"/>
    public ulong Generation => packs.Generation;

    /// <inheritdoc cref="PackStore.RefreshAsync"/>
    public Task RefreshAsync(CancellationToken cancel) => packs.RefreshAsync(cancel);

    /// <inheritdoc cref="PackStore.KnowsForSure"/>
    public bool KnowsForSure(in ObjectId id) => packs.KnowsForSure(id);

    /// <inheritdoc cref="PackStore.IsCopied"/>
    public bool IsCopied(in ObjectId id) => packs.IsCopied(id);

    /// <inheritdoc cref="PackStore.RequireLeaseAsync"/>
    public Task RequireLeaseAsync(CancellationToken cancel) => packs.RequireLeaseAsync(cancel);

    /// <inheritdoc cref="PackStore.Rely"/>
    public bool Rely(in ObjectId id) => packs.Rely(id);

    /// <inheritdoc cref="PackStore.ConfirmAsync"/>
    public Task<IReadOnlySet<ObjectId>> ConfirmAsync(IReadOnlyCollection<ObjectId> ids, CancellationToken cancel) => packs.ConfirmAsync(ids, cancel);

    /// <inheritdoc cref="PackStore.NoteVerified"/>
    public void NoteVerified(in ObjectId id, IMemoryOwner<byte> answer) => packs.NoteVerified(id, answer);

    /// <inheritdoc cref="PackStore.Knows"/>
    public bool Knows(in ObjectId id) => packs.Knows(id);

    /// <summary>For collections of garbage.</summary>
    public PackStore Packs => packs;

    // What the index or the memory tells is told without asking there: it is no answer of the other side, and needs none.
    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => packs.TryCopyHere(id) is { } here ? new(here) : packs.IsAbsent(id) ? default : _reads.GetAsync(id, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => packs.PutAsync(id, buffer, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => packs.Knows(id) ? new(true) : packs.IsAbsent(id) ? default : _reads.HasAsync(id, cancel);

    public ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel) => packs.KnownSizeOf(id) is { } known ? new(known) : packs.IsAbsent(id) ? default : _reads.SizeOfAsync(id, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => packs.DeleteAsync(id, cancel);

    public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => packs.ListAsync(cancel);

    public ValueTask SyncAsync(CancellationToken cancel) => packs.SyncAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await packs.AbandonAsync();
        await _reads.WaitForLateAsync();
    }
}
