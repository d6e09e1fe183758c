using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Pushing;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Caching;

/// <summary>The data chunks of contents, as far as what names them is on this machine: asks nobody else. Safe for concurrent use.</summary>
internal sealed class LocalContent(HeldChunks chunks)
{
    /// <summary>The objects that a chunk may be: one for each sharing key.</summary>
    public IEnumerable<ObjectId> IdsOf(ChunkType type, byte level, ChunkKey key, uint keyEpoch)
    {
        foreach (SharingKey sharingKey in chunks.KeysFor(keyEpoch)) yield return ObjectNaming.IdOf(sharingKey, type, level, key);
    }

    public IEnumerable<ObjectId> IdsOf(BlobSubtree data) => IdsOf(ChunkType.File, data.Level, data.Key, data.KeyEpoch);

    public async IAsyncEnumerable<BlobSubtree> ListDataAsync(Manifest content, [EnumeratorCancellation] CancellationToken cancel)
    {
        var waiting = new Stack<BlobSubtree>();
        waiting.Push(BlobSubtree.Of(content));
        while (waiting.TryPop(out BlobSubtree subtree))
        {
            if (subtree.Key.IsZero) continue;
            if (subtree.Level == 0)
            {
                yield return subtree;
                continue;
            }

            foreach (BlobSubtree child in (await ChildrenAsync(subtree, cancel)).Reverse()) waiting.Push(child);
        }
    }

    private async ValueTask<IEnumerable<BlobSubtree>> ChildrenAsync(BlobSubtree subtree, CancellationToken cancel)
    {
        try
        {
            using IMemoryOwner<byte> pointers = await chunks.GetAsync(ChunkType.File, subtree.Level, subtree.Key, subtree.SizeBytesMax, cancel);
            return [.. subtree.Children(pointers.Memory)];
        }
        catch (Exception e) when (e is ChunkNotFoundException or CorruptObjectException)
        {
            return []; // what lies below was never read here, or is to be healed first: it stays as it is
        }
    }
}
