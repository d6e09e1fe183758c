using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Unix;

namespace Bazil.FileSystem.Nodes;

/// <summary>
/// A node as one row of the metadata store: its replicated facets and what only this machine keeps about it. The facets
/// are immutable values, so a clone is shallow. Not safe for concurrent use; cached instances are never changed, a
/// transaction edits clones.
/// <para>Invariants: id, kind and inode never change; every version in the facets is covered by <see cref="Stamp"/>;
/// a directory has at most one link; only the members node has members and ended ids;
/// only the epochs node has epochs and releases.</para>
/// </summary>
public sealed class NodeRecord(NodeId id, NodeKind kind, InodeId inode)
{
    private static readonly Link[] NoLinks = [];

    public NodeId Id { get; } = id;

    public NodeKind Kind { get; } = kind;

    public InodeId Inode { get; } = inode;

    public Facet<ContentValue> Content { get; set; } = Facet<ContentValue>.Empty;

    public Facet<AttributeValue> Attributes { get; set; } = Facet<AttributeValue>.Empty;

    /// <summary>Ordered by link id. Replaced as a whole, never changed in place.</summary>
    public IReadOnlyList<Link> Links { get; set; } = NoLinks;

    public Facet<PeerId> Members { get; set; } = Facet<PeerId>.Empty;

    /// <summary>Replica ids whose remainder is lost; nobody will ever complete what was got from them.</summary>
    public Facet<ReplicaId> Ended { get; set; } = Facet<ReplicaId>.Empty;

    /// <summary>The sharing-key epochs of the volume.</summary>
    public Facet<KeyEpoch> Epochs { get; set; } = Facet<KeyEpoch>.Empty;

    /// <summary>Which members need no epoch before a given one.</summary>
    public Facet<EpochRelease> Releases { get; set; } = Facet<EpochRelease>.Empty;

    /// <summary>The join of the versions of all changes in this node: what the change index lists.</summary>
    public Knowledge Stamp { get; set; } = Knowledge.Empty;

    /// <summary>The knowledge of the pulls that brought this node and are not completed.</summary>
    public Knowledge Reference { get; set; } = Knowledge.Empty;

    // What follows is local and never replicated.

    public UnixTime AccessTime { get; set; }

    public UnixTime ChangeTime { get; set; }

    /// <summary>Modification time of a directory.</summary>
    public UnixTime DirectoryTime { get; set; }

    /// <summary>Of a directory: names in it.</summary>
    public uint Entries { get; set; }

    /// <summary>Of a directory: names in it that are directories.</summary>
    public uint Subdirectories { get; set; }

    /// <summary>The version of the content that is shown here, while it is there; none means the largest.</summary>
    public Version Choice { get; set; }

    /// <summary>Bytes of the shown content that are not holes, at most; null when it has none worth counting, or nobody counted.</summary>
    public ulong? AllocatedBytes { get; set; }

    /// <summary>
    /// What is still shown of a dead node, because its deletion by a peer waits; null for nearly all. A node that is alive has none.
    /// </summary>
    public HeldDeletion? Held { get; set; }

    /// <summary>True for the nodes that hold what concerns the whole volume: they have no place in the tree.</summary>
    public bool IsVolumeWide => Kind is NodeKind.Members or NodeKind.KeyEpochs;

    /// <summary>The smallest epoch number among the contents that lie in stores; the largest number there is when none does.</summary>
    public uint OldestKeyEpoch
    {
        get
        {
            uint oldest = uint.MaxValue;
            foreach (FacetPair<ContentValue> pair in Content.Pairs)
            {
                if (pair.Value.Form == ContentForm.Blob) oldest = Math.Min(oldest, pair.Value.Manifest.KeyEpoch);
            }

            return Held?.Content is { Value: { Form: ContentForm.Blob } held } ? Math.Min(oldest, held.Manifest.KeyEpoch) : oldest;
        }
    }

    public bool IsDirectory => Kind == NodeKind.Directory;

    /// <summary>Links that have a place.</summary>
    public IEnumerable<Link> LiveLinks => Links.Where(link => link.IsLive);

    public bool HasLiveLink => Links.Any(link => link.IsLive);

    public NodeRecord Clone() => (NodeRecord)MemberwiseClone();

    public Link? FindLink(Version id) => Links.FirstOrDefault(link => link.Id == id);

    public void SetLink(Link link) =>
        Links = [.. Links.Where(other => other.Id != link.Id).Append(link).OrderBy(other => other.Id)];

    public void DropLink(Version id) => Links = [.. Links.Where(link => link.Id != id)];

    /// <summary>The link whose place is the node's last place: the one emptied last. Null when it never had a link.</summary>
    public Link? LastLink => Links.Count == 0 ? null : Links.MaxBy(link => (link.Gone, link.Last.Version, link.Id));

    /// <summary>
    /// Where the node is, were it alive: the largest version of each live link, or the last place. Ordered by link id.
    /// </summary>
    public List<PlacedLink> Places()
    {
        var places = new List<PlacedLink>(1);
        foreach (Link link in Links)
        {
            if (link.IsLive) places.Add(new PlacedLink(link.Id, link.Places.Largest.Version, link.Places.Largest.Value));
        }

        if (places.Count == 0 && LastLink is { } last) places.Add(new PlacedLink(last.Id, last.Last.Version, last.Last.Value));
        return places;
    }

    /// <summary>The content in place: the local choice while it is there, else the largest version's. Null when deleted.</summary>
    public FacetPair<ContentValue>? ShownContent
    {
        get
        {
            if (Content.IsEmpty) return Held?.Content;
            foreach (FacetPair<ContentValue> pair in Content.Pairs)
            {
                if (pair.Version == Choice) return Content.Find(pair.Value);
            }

            return Content.Largest;
        }
    }

    public AttributeValue? ShownAttributes => Held is { } held ? held.Attributes : Attributes.IsEmpty ? null : Attributes.Largest.Value;

    /// <summary>The modification time that is shown: of the newer of content and attributes, by version.</summary>
    public UnixTime ModifyTime
    {
        get
        {
            if (IsDirectory) return DirectoryTime;
            FacetPair<ContentValue>? content = ShownContent;
            if (Held is not null || Attributes.IsEmpty) return content?.Value.ModifyTime ?? default;
            if (content is null || Attributes.Largest.Version > content.Value.Version) return Attributes.Largest.Value.ModifyTime;
            return content.Value.Value.ModifyTime;
        }
    }
}
