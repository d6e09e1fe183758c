using Bazil.Core;

namespace Bazil.Storage.Stores;

/// <summary>
/// Knows whether bytes are the object that was asked for. Stores see only ids and boxes, so the layer that holds the key
/// passes one of these down: nothing that came from elsewhere is kept or returned before it was accepted.
/// </summary>
public interface IObjectVerifier
{
    /// <summary>Returns when the bytes are the object. Called again with another store's bytes after it threw.</summary>
    /// <param name="store">Where they came from, for the message.</param>
    /// <param name="isLocal">True when this node wrote or verified what is in that store.</param>
    /// <exception cref="StoreException">They are not: a <see cref="CorruptObjectException"/>, or an encoding from the future.</exception>
    void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> sealedObject);
}
