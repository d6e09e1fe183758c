using Bazil.Core;
using Bazil.Server.Storages;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Caching;

/// <summary>
/// The copies in packs on another machine or a removable disk. Held is what this node has put there or read from there itself, whose pack is there now, under this node's lease: it stays until a collection finds that nothing refers to it
/// (docs/gc.md, "Stores that nodes share").
/// </summary>
internal sealed class PackCopies(string name, RemoteStore store, TimeProvider time) : ICountedStore
{
    private long _looked = long.MinValue; // when the folder was listed; before the first time, the least there is

    public string Name => name;

    public async ValueTask<IReadOnlyList<HoldAnswer>> HoldAsync(HoldTicket ticket, IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        IReadOnlySet<ObjectId> there = await store.ConfirmAsync(ids, cancel);
        return [.. ids.Select(id => there.Contains(id) ? HoldAnswer.Held : HoldAnswer.Absent)];
    }

    public ValueTask ReleaseAsync(HoldTicket ticket, CancellationToken cancel) => ValueTask.CompletedTask;

    public async ValueTask<IReadOnlyList<bool>> LookAsync(IReadOnlyList<ObjectId> ids, CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        return [.. ids.Select(id => store.IsCopied(id))];
    }

    /// <summary>It is the store that it was, there now, and its packs were listed within <see cref="Limits.CopiesListedMax"/>.</summary>
    private async Task RefreshAsync(CancellationToken cancel)
    {
        await store.MeetAsync(cancel);
        long looked = Interlocked.Read(ref _looked), now = time.GetTimestamp();
        if (looked != long.MinValue && time.GetElapsedTime(looked, now) < Limits.CopiesListedMax) return;
        await store.RefreshAsync(cancel);
        Interlocked.Exchange(ref _looked, now);
    }
}
