using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// Loads the nodes of directories of one snapshot. What a parent says of a child is checked when the child is loaded, so a
/// tree that is not a search tree is refused at the place where it is wrong. Safe for concurrent use.
/// </summary>
internal sealed class DirectoryNodeReader(IChunkStore chunks, DirectoryNodeCache cache, SnapshotKey snapshot)
{
    /// <summary>What is being read, for messages.</summary>
    public string Format { get; } = $"directory of snapshot {snapshot}";

    /// <summary>Loads the root of a directory that is not empty.</summary>
    public ValueTask<LoadedNode> LoadRootAsync(DirectoryManifest directory, CancellationToken cancel) =>
        LoadAsync(directory.Root, directory.Height, directory.Entries, default, default, cancel);

    public ValueTask<LoadedNode> LoadChildAsync(LoadedNode parent, int index, CancellationToken cancel)
    {
        DirectoryNode node = parent.Node;
        byte[]? after = index > 0 ? node.NameOf(index - 1).ToArray() : parent.After;
        return LoadAsync(node.ChildOf(index), (byte)(node.Level - 1), node.EntriesOf(index), after, node.NameOf(index).ToArray(), cancel);
    }

    public WireFormatException Malformed(string reason) => new($"malformed {Format}: {reason}");

    private async ValueTask<LoadedNode> LoadAsync(
        ChunkKey key, byte level, ulong entries, byte[]? after, byte[]? last, CancellationToken cancel)
    {
        if (!cache.TryGet(key, out DirectoryNode? node))
        {
            using IMemoryOwner<byte> chunk = await chunks.GetAsync(ChunkType.Directory, level, key, SnapshotLimits.NodeBytesMax, cancel);
            node = DirectoryNode.Parse(chunk.Memory.ToArray(), level, Format);
            cache.Add(key, node);
        }

        if (node.Level != level) throw Malformed($"node {key} of level {node.Level} stands at level {level}");
        if (node.Entries != entries) throw Malformed($"node {key} has {node.Entries} entries where its parent counts {entries}");
        if (node.NameOf(0).SequenceCompareTo(after) <= 0) throw Malformed($"node {key} begins before the end of the node in front of it");
        if (last is not null && !node.LastName.SequenceEqual(last)) throw Malformed($"node {key} does not end where its parent says");
        return new LoadedNode(node, after);
    }
}
