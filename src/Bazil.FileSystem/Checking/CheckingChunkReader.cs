using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Checking;

/// <summary>
/// What the walk reads pointers and directories through: each is inspected before it is believed, and what was found is
/// kept for the check, which meets the chunk right afterwards. Not for concurrent use.
/// </summary>
internal sealed class CheckingChunkReader(IChunkReader chunks, VolumeCheck check) : IChunkReader
{
    public async ValueTask<IMemoryOwner<byte>> GetAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        await check.InspectNamingAsync(type, level, key, sizeBytesMax, cancel);
        return await chunks.GetAsync(type, level, key, sizeBytesMax, cancel);
    }
}
