using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Reachability;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Eviction;

/// <summary>One view of the rows of a volume, for whoever wants to evict content of it. Which member knows of a content is what it said in its last completed pull: it only knows more since. For one caller.</summary>
/// <param name="view">Open as long as this is in use. Not disposed here.</param>
/// <param name="localNumber">Of the volume.</param>
public sealed class EvictionView(IMetadataReader view, uint localNumber)
{
    private readonly VolumeTables _tables = new(view, localNumber);
    private readonly Dictionary<PeerId, Knowledge> _known = [];
    private HashSet<PeerId>? _members;

    /// <summary>What a file shows; null when it is not there, or shows nothing that lies in stores, or what it shows is about to go.</summary>
    public EvictableContent? Find(InodeId file) => _tables.ReadRecord(file, static _ => Knowledge.Empty) is { } record ? Of(record) : null;

    /// <summary>
    /// Whether a peer is a member that knows of this content: then it takes what it consists of for its own, and collects it only when this node has vouched for a change that drops it (docs/gc.md). One that does not know of it
    /// may have the same objects as garbage.
    /// </summary>
    public bool IsKnownTo(in PeerId peer, EvictableContent content)
    {
        _members ??= [.. _tables.ReadRecord(Transaction.MembersInode, static _ => Knowledge.Empty)?.Members.DistinctValues() ?? []];
        if (!_members.Contains(peer)) return false;
        return content.Versions.Any(KnowledgeOf(peer).Covers);
    }

    /// <summary>What a member is taken to know. It may have lost it since, or be a member no more: it says so when it is asked to hold something.</summary>
    public Knowledge KnowledgeOf(in PeerId peer)
    {
        if (!_known.TryGetValue(peer, out Knowledge? known)) _known.Add(peer, known = MemberTable.Read(_tables, Table.MemberKnowledge, peer));
        return known;
    }

    /// <summary>The path of a file, for messages.</summary>
    public string Describe(InodeId file) => new NodeOrigin(_tables, file, null).Describe();

    /// <summary>Files that show something that lies in stores, with the hour since 1970 in which each was last used, 0 when nobody knows, in no order.</summary>
    public IEnumerable<(EvictableContent Content, uint UsedHour)> ListFiles()
    {
        byte[] prefix = _tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Bytes.ToArray();
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefix.Length..]).ReadInode();
            if (Of(NodeCodec.DecodeRow(inode, cursor.Value, static _ => Knowledge.Empty)) is { } content) yield return (content, LastUse.Read(_tables, inode));
        }
    }

    private static EvictableContent? Of(NodeRecord record)
    {
        if (record.IsDirectory || record.Held is not null || record.ShownContent?.Value is not { Form: ContentForm.Blob } shown) return null;
        return new EvictableContent(record.Inode, shown.Manifest, [.. VersionsOf(record, shown)]);
    }

    private static List<Version> VersionsOf(NodeRecord record, ContentValue shown)
    {
        var versions = new List<Version>(1);
        foreach (FacetPair<ContentValue> pair in record.Content.Pairs)
        {
            // Equal values may be sealed under different key epochs, as different objects.
            if (pair.Value.Equals(shown) && pair.Value.Manifest.Equals(shown.Manifest)) versions.Add(pair.Version);
        }

        return versions;
    }
}
