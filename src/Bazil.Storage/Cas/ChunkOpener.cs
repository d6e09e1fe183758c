using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Cas;

/// <summary>Opens the copies of one chunk until one is right, and holds its plaintext. For one read; dispose wipes what was not taken.</summary>
internal sealed class ChunkOpener(SharingKey sharingKey, ChunkType type, byte level, ChunkKey key, int sizeBytesMax) : IObjectVerifier, IDisposable
{
    private IMemoryOwner<byte>? _plaintext;

    public void Verify(ObjectId id, string store, bool isLocal, ReadOnlySpan<byte> sealedObject)
    {
        if (!sealedObject.IsEmpty && !SealedObject.IsKnown(sealedObject[0])) throw new UnknownEncodingException(id, store, sealedObject[0]);
        IMemoryOwner<byte> plaintext = SealedObject.TryOpen(sharingKey, type, level, key, sealedObject, sizeBytesMax, out string reason)
            ?? throw new CorruptObjectException(id, store, reason);
        bool isRight = false;
        try
        {
            // A holder of the sharing key can box other content under this name: only the hash tells.
            if (!isLocal && !HasContentOfKey(plaintext.Memory.Span)) throw new CorruptObjectException(id, store, "its content is not what its name says");
            isRight = true;
        }
        finally
        {
            if (!isRight) plaintext.Dispose();
        }

        _plaintext?.Dispose();
        _plaintext = plaintext;
    }

    /// <summary>Hands over the plaintext that was accepted.</summary>
    public IMemoryOwner<byte> TakePlaintext()
    {
        IMemoryOwner<byte>? plaintext = _plaintext;
        Invariant.Check(plaintext is not null);
        _plaintext = null;
        return plaintext;
    }

    public void Dispose() => _plaintext?.Dispose();

    private bool HasContentOfKey(ReadOnlySpan<byte> plaintext) =>
        ChunkHash.Trim(plaintext).Length == plaintext.Length && ChunkHash.KeyOf(type, level, plaintext) == key;
}
