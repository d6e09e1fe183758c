using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The nodes that rest on references to a history that nobody can complete any more. Found once by reading all rows, then kept
/// up to date by what is written, until that history is settled. Guarded by the volume's gate.
/// </summary>
internal sealed class ReferencedNodes
{
    private HashSet<InodeId>? _inodes;

    /// <summary>True when all rows have been read, and what was written since is noted.</summary>
    public bool IsFound { get; private set; }

    /// <summary>From now on what is written is noted; <see cref="Found"/> adds the rest.</summary>
    public void Begin() => _inodes ??= [];

    public void Found(IEnumerable<InodeId> inodes)
    {
        Begin();
        _inodes!.UnionWith(inodes);
        IsFound = true;
    }

    public void Note(InodeId inode) => _inodes?.Add(inode);

    public void Forget()
    {
        _inodes = null;
        IsFound = false;
    }

    /// <summary>The nodes; they may have been purged, or their references covered, since.</summary>
    public IReadOnlyCollection<InodeId> All => _inodes ?? [];

    /// <summary>Reads all rows for those that rest on something beyond a knowledge.</summary>
    public static List<InodeId> Scan(VolumeTables tables, Func<uint, Knowledge> referenceOf, Knowledge known)
    {
        var inodes = new List<InodeId>();
        byte[] prefix = tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
            NodeRecord record = NodeCodec.DecodeRow(inode, cursor.Value, referenceOf);
            if (!record.Reference.IsCoveredBy(known)) inodes.Add(inode);
        }

        return inodes;
    }
}
