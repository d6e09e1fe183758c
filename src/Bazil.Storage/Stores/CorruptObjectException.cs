using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>A store returned bytes that are not the object: damaged, truncated, sealed under another key, or forged.</summary>
public sealed class CorruptObjectException(ObjectId id, string store, string reason)
    : StoreException($"object {id} in store {store} is corrupt: {reason}")
{
    public ObjectId Id { get; } = id;

    public string Store { get; } = store;
}
