using Bazil.Core.Crypto;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Epochs;

/// <summary>Chunks under one sharing key that is never rotated.</summary>
internal sealed class SingleEpochChunks(IChunkStore chunks) : IEpochChunks
{
    public uint Current => KeyEpoch.FoundingNumber;

    public IChunkStore Of(uint epoch) => chunks;
}
