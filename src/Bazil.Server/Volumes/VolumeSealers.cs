using System.Collections.Concurrent;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Volumes;

/// <summary>Makes what seals the chunks of a volume under its sharing keys, all in the same way. Owns nothing. Safe for concurrent use.</summary>
internal sealed class VolumeSealers(MultiObjectStore stores, ChunkCompression compression)
{
    private readonly ConcurrentBag<ConvergentChunkStore> _made = [];
    private volatile ChunkCompression _compression = compression;

    public IObjectStore Local => stores.Local;

    /// <summary>How chunks are written from now on.</summary>
    public ChunkCompression Compression
    {
        set
        {
            _compression = value;
            foreach (ConvergentChunkStore chunks in _made) chunks.Compression = value;
        }
    }

    public IChunkStore Under(SharingKey key)
    {
        var chunks = new ConvergentChunkStore(key, stores);
        _made.Add(chunks);
        chunks.Compression = _compression;
        return chunks;
    }
}
