using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Cas;

/// <summary>An object is written in a way this version does not know: made by a newer Bazil, or its first byte is damaged.</summary>
public sealed class UnknownEncodingException(ObjectId id, string store, byte encoding)
    : StoreException($"object {id} in store {store} has encoding {encoding}, which this version of Bazil does not know: upgrade it, or the object is damaged")
{
    public ObjectId Id { get; } = id;

    public byte Encoding { get; } = encoding;
}
