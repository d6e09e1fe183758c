using Bazil.Core;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Cas;

/// <summary>Verifies as for a foreign store whatever the store: a check believes no copy before it was hashed.</summary>
internal sealed class ChunkRehasher(ChunkOpener opener) : IObjectVerifier
{
    public void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> sealedObject) => opener.Verify(id, store, isLocal: false, sealedObject);
}
