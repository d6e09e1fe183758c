using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Tests.Collection;

/// <summary>A real store whose listing or deletions break after a while.</summary>
internal sealed class BreakingObjectStore(IObjectStore inner) : IObjectStore
{
    /// <summary>Ids that are listed before it breaks.</summary>
    public int ListedMax { get; set; } = int.MaxValue;

    /// <summary>Objects that are deleted before it breaks.</summary>
    public int DeletedMax { get; set; } = int.MaxValue;

    public string Name => inner.Name;

    public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => inner.GetAsync(id, cancel);

    public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => inner.PutAsync(id, buffer, cancel);

    public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => inner.HasAsync(id, cancel);

    public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) =>
        DeletedMax-- > 0 ? inner.DeleteAsync(id, cancel) : throw new StoreException($"store {Name} cannot delete object {id}: the disk reported an error");

    public async IAsyncEnumerable<ObjectId> ListAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        int listed = 0;
        await foreach (ObjectId id in inner.ListAsync(cancel))
        {
            if (listed++ >= ListedMax) throw new StoreException($"store {Name} cannot be listed: the disk reported an error");
            yield return id;
        }
    }

    public ValueTask SyncAsync(CancellationToken cancel) => inner.SyncAsync(cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
