using Bazil.Core;
using Bazil.Storage.Collection;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Eviction;

/// <summary>
/// One eviction in one store, between <see cref="CollectingObjectStore.BeginEviction"/> and dispose. What is put or hit meanwhile stays, or is put anew: whoever hits an object is never told that it is there when it goes. Keeping is
/// safe for concurrent use; the rest belongs to one caller.
/// </summary>
public sealed class ObjectEviction : IDisposable
{
    private readonly CollectingObjectStore _store;
    private readonly ObjectCollection _marking;

    internal ObjectEviction(CollectingObjectStore store, ObjectCollection marking)
    {
        _store = store;
        _marking = marking;
    }

    /// <summary>The object stays.</summary>
    public void Keep(in ObjectId id) => _marking.Mark(id);

    /// <summary>Whether the object stays; of one in a thousand by mistake.</summary>
    public bool IsKept(in ObjectId id) => _marking.IsMarked(id);

    /// <summary>The length of an object that is there, or null.</summary>
    public async ValueTask<int?> SizeOfAsync(ObjectId id, CancellationToken cancel)
    {
        try
        {
            return await _store.SizeOfAsync(id, cancel);
        }
        catch (CorruptObjectException)
        {
            return null; // a damaged copy is none, and a scrub sees to it
        }
    }

    /// <summary>Others are about to be asked about these objects, and no longer about those before.</summary>
    internal void Offer(IEnumerable<ObjectId> ids) => _store.Offer(ids);

    /// <summary>Deletes an object that others hold. False when it stays after all, because it was hit or is held.</summary>
    internal ValueTask<bool> TryDeleteAsync(ObjectId id, CancellationToken cancel) => _marking.EvictAsync(id, cancel);

    public void Dispose()
    {
        _store.Offer([]);
        _marking.Dispose();
    }
}
