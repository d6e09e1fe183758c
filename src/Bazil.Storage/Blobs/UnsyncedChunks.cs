using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.Storage.Blobs;

/// <summary>
/// Which chunks the blobs of one volume have put that no sync of the chunk store covers yet. A chunk that is not among them survives power
/// loss, and so does all that is below it: children are put before their parents.
/// <para>Safe for concurrent use. Takes 60 bytes for each chunk.</para>
/// </summary>
/// <param name="countMax">So many chunks call for a sync.</param>
/// <param name="tooMany">Called at each put beyond that, on any thread; must return at once.</param>
public sealed class UnsyncedChunks(int countMax, Action tooMany)
{
    private readonly Lock _lock = new(); // guards everything below; innermost

    /// <summary>Chunk → the mark after which it was put last.</summary>
    private readonly Dictionary<(int Level, ChunkKey Key), ulong> _chunks = [];
    private ulong _mark;

    public int Count
    {
        get
        {
            lock (_lock) return _chunks.Count;
        }
    }

    /// <summary>Taken before a sync of the chunk store begins, and handed to <see cref="Synced"/> when it has ended well.</summary>
    public ulong Mark()
    {
        lock (_lock) return ++_mark;
    }

    /// <summary>Everything whose put had returned when the mark was taken survives power loss now.</summary>
    public void Synced(ulong mark)
    {
        lock (_lock)
        {
            foreach (((int, ChunkKey) chunk, ulong putAfter) in _chunks)
            {
                if (putAfter < mark) _chunks.Remove(chunk);
            }
        }
    }

    /// <summary>The chunks of a blob that may be lost with the power. All of it was put before.</summary>
    /// <exception cref="Stores.StoreException">A pointer chunk cannot be read.</exception>
    public async ValueTask<IReadOnlyList<BlobSubtree>> FindAsync(Manifest manifest, IChunkStore chunks, CancellationToken cancel)
    {
        var found = new List<BlobSubtree>();
        var seen = new HashSet<(int, ChunkKey)>();
        var left = new Stack<BlobSubtree>();
        AddUnsynced([BlobSubtree.Of(manifest)], left, seen);
        while (left.TryPop(out BlobSubtree subtree))
        {
            found.Add(subtree);
            if (subtree.Level == 0) continue;
            using IMemoryOwner<byte> pointers = await chunks.GetAsync(ChunkType.File, subtree.Level, subtree.Key, subtree.SizeBytesMax, cancel);
            AddUnsynced(subtree.Children(pointers.Memory), left, seen);
        }

        return found;
    }

    internal void Add(int level, in ChunkKey key)
    {
        if (key.IsZero) return;
        bool isTooMany;
        lock (_lock)
        {
            _chunks[(level, key)] = _mark;
            isTooMany = _chunks.Count > countMax;
        }

        if (isTooMany) tooMany();
    }

    private void AddUnsynced(IEnumerable<BlobSubtree> candidates, Stack<BlobSubtree> found, HashSet<(int, ChunkKey)> seen)
    {
        lock (_lock)
        {
            foreach (BlobSubtree candidate in candidates)
            {
                if (_chunks.ContainsKey((candidate.Level, candidate.Key)) && seen.Add((candidate.Level, candidate.Key))) found.Push(candidate);
            }
        }
    }
}
