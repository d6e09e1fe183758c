using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Fetching;

/// <summary>Goes through the chunks of contents, many at a time. What names others is read on the way, and so kept here.</summary>
internal static class ContentWalk
{
    /// <summary>The chunk as this machine, or another store, may have it: under whichever key of the volume.</summary>
    public static IEnumerable<ObjectId> NamesOf(OpenVolume volume, BlobSubtree chunk)
    {
        foreach (SharingKey key in volume.Keys.KeysFor(chunk.KeyEpoch)) yield return ObjectNaming.IdOf(key, ChunkType.File, chunk.Level, chunk.Key);
    }

    /// <param name="visit">Called for each chunk, for several at a time; of those that name others, before they are read.</param>
    /// <param name="failed">A chunk that names others could not be read: what lies below it is left out.</param>
    public static async Task RunAsync(OpenVolume volume, IEnumerable<Manifest> contents, Func<BlobSubtree, CancellationToken, ValueTask> visit, Action<StoreException> failed, CancellationToken cancel)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Limits.ChunksUnderWay, CancellationToken = cancel };
        await Parallel.ForEachAsync(Leaves(), options, async (chunk, token) => await visit(chunk, token));

        async IAsyncEnumerable<BlobSubtree> Leaves()
        {
            var waiting = new Stack<BlobSubtree>();
            foreach (Manifest content in contents)
            {
                waiting.Push(BlobSubtree.Of(content));
                while (waiting.TryPop(out BlobSubtree subtree))
                {
                    if (subtree.Key.IsZero) continue;
                    if (subtree.Level == 0)
                    {
                        yield return subtree;
                        continue;
                    }

                    await visit(subtree, cancel);
                    foreach (BlobSubtree child in (await ChildrenAsync(subtree)).Reverse()) waiting.Push(child);
                }
            }
        }

        async Task<IEnumerable<BlobSubtree>> ChildrenAsync(BlobSubtree subtree)
        {
            try
            {
                using IMemoryOwner<byte> pointers = await volume.Keys.Chunks.GetAsync(ChunkType.File, subtree.Level, subtree.Key, subtree.SizeBytesMax, cancel);
                return [.. subtree.Children(pointers.Memory)];
            }
            catch (StoreException e)
            {
                failed(e);
                return [];
            }
        }
    }
}
