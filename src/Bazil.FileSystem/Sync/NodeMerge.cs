using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Merges one node of a serving replica into ours, facet by facet, by the one rule of <see cref="Facet{T}.Merge"/>.
/// The replicated result depends only on both sides' facets and knowledge.
/// </summary>
internal static class NodeMerge
{
    /// <param name="transaction">Our side.</param>
    /// <param name="id">The node.</param>
    /// <param name="theirs">The node as served; null when the serving side, in a full comparison, does not have it.</param>
    /// <param name="theirKnowledge">Effective knowledge of the serving side about this node.</param>
    /// <param name="theirHorizon">What the serving side has purged.</param>
    /// <returns>Our record, or null when neither side has the node.</returns>
    public static NodeRecord? Apply(Transaction transaction, NodeId id, NodeRecord? theirs, Knowledge theirKnowledge, Knowledge theirHorizon)
    {
        InodeId inode = transaction.FindInode(id);
        bool isNew = inode == default || transaction.Read(inode) is null;
        if (isNew && theirs is null) return null;
        NodeRecord mine = isNew ? transaction.Add(id, theirs!.Kind) : transaction.Change(inode);
        Knowledge knowledge = isNew ? transaction.State.Knowledge : transaction.State.Knowledge.Join(mine.Reference);
        bool mayBePurged = isNew ? !transaction.State.Horizon.IsCoveredBy(theirKnowledge) : theirs is null && !theirHorizon.IsCoveredBy(knowledge);
        if (mayBePurged) transaction.NoteRevived(mine.Inode);
        ContentValue? shown = mine.ShownContent?.Value;
        Facet<AttributeValue> attributes = mine.Attributes;
        IReadOnlyList<Link> links = mine.Links;

        mine.Content = mine.Content.Merge(theirs?.Content ?? Facet<ContentValue>.Empty, knowledge, theirKnowledge, ContentValue.Newer);
        mine.Attributes = mine.Attributes.Merge(theirs?.Attributes ?? Facet<AttributeValue>.Empty, knowledge, theirKnowledge);
        mine.Members = mine.Members.Merge(theirs?.Members ?? Facet<PeerId>.Empty, knowledge, theirKnowledge);
        mine.Ended = mine.Ended.Merge(theirs?.Ended ?? Facet<ReplicaId>.Empty, knowledge, theirKnowledge);
        mine.Epochs = mine.Epochs.Merge(theirs?.Epochs ?? Facet<KeyEpoch>.Empty, knowledge, theirKnowledge);
        mine.Releases = mine.Releases.Merge(theirs?.Releases ?? Facet<EpochRelease>.Empty, knowledge, theirKnowledge);
        mine.Links = MergeLinks(mine.Links, theirs?.Links ?? [], knowledge, theirKnowledge);
        if (theirs is not null && !isNew && IsLinkPurged(mine, links, theirs.Links, knowledge, theirKnowledge)) transaction.NoteRevived(mine.Inode);
        if (theirs is not null) mine.Stamp = mine.Stamp.Join(theirs.Stamp);
        mine.Reference = mine.Reference.Join(theirKnowledge);
        mine.ChangeTime = transaction.Now;
        if (isNew || !ReferenceEquals(attributes, mine.Attributes)) mine.DirectoryTime = mine.ShownAttributes?.ModifyTime ?? transaction.Now;
        CheckSize(mine);

        // Ours stays in place as long as it is among the values.
        mine.Choice = shown is not null && mine.Content.Find(shown) is { } kept ? kept.Version : default;
        if (shown is null || !shown.Equals(mine.ShownContent?.Value)) mine.AllocatedBytes = null;
        transaction.State.SeeTick(Math.Max(mine.Stamp.LargestTick, mine.Reference.LargestTick));
        return mine;
    }

    /// <summary>
    /// True when the node has no link with a place, and one side has purged a removed link that the other one still has: the two do not
    /// agree on its last place.
    /// </summary>
    private static bool IsLinkPurged(NodeRecord merged, IReadOnlyList<Link> mine, IReadOnlyList<Link> theirs, Knowledge knowledge, Knowledge theirKnowledge)
    {
        if (merged.HasLiveLink) return false;
        foreach (Link link in merged.Links.Where(static link => !link.Gone.IsNone))
        {
            if (!Has(theirs, link.Id) && theirKnowledge.Covers(link.Gone)) return true;
            if (!Has(mine, link.Id) && knowledge.Covers(link.Gone)) return true;
        }

        return false;
    }

    private static bool Has(IReadOnlyList<Link> links, Version id)
    {
        foreach (Link link in links)
        {
            if (link.Id == id) return true;
        }

        return false;
    }

    /// <summary>The largest tick that a node names anywhere.</summary>
    public static ulong LargestTick(NodeRecord node)
    {
        ulong largest = Math.Max(Math.Max(node.Stamp.LargestTick, node.Reference.LargestTick), node.Id.Creation.Tick);
        foreach (Link link in node.Links) largest = Math.Max(largest, Math.Max(link.Id.Tick, link.Last.Version.Tick));
        foreach (Version version in Versions(node)) largest = Math.Max(largest, version.Tick);
        return largest;
    }

    /// <summary>The versions of all that a node has: of its values, and of the removals of its links.</summary>
    public static IEnumerable<Version> Versions(NodeRecord node) =>
        VersionsOf(node.Content).Concat(VersionsOf(node.Attributes)).Concat(VersionsOf(node.Members)).Concat(VersionsOf(node.Ended))
            .Concat(VersionsOf(node.Epochs)).Concat(VersionsOf(node.Releases))
            .Concat(node.Links.SelectMany(static link => VersionsOf(link.Places).Append(link.Gone)));

    private static List<Version> VersionsOf<T>(Facet<T> facet)
        where T : IEquatable<T>
    {
        var versions = new List<Version>(facet.Pairs.Length);
        foreach (FacetPair<T> pair in facet.Pairs) versions.Add(pair.Version);
        return versions;
    }

    /// <summary>What two sides have together must still be readable as a row.</summary>
    private static void CheckSize(NodeRecord node)
    {
        int pairs = Math.Max(Math.Max(node.Content.Pairs.Length, node.Attributes.Pairs.Length), Math.Max(node.Members.Pairs.Length, node.Ended.Pairs.Length));
        pairs = Math.Max(pairs, Math.Max(node.Epochs.Pairs.Length, node.Releases.Pairs.Length));
        foreach (Link link in node.Links) pairs = Math.Max(pairs, link.Places.Pairs.Length);
        if (pairs > Limits.FacetPairsMax) throw new SyncException($"node {node.Id} would have {pairs} values of one facet, more than {Limits.FacetPairsMax}");
        if (node.Links.Count > Limits.LinksMax * 2) throw new SyncException($"node {node.Id} would have {node.Links.Count} links");
    }

    private static List<Link> MergeLinks(IReadOnlyList<Link> mine, IReadOnlyList<Link> theirs, Knowledge knowledge, Knowledge theirKnowledge)
    {
        var merged = new List<Link>(Math.Max(mine.Count, theirs.Count));
        foreach (Version id in mine.Select(link => link.Id).Union(theirs.Select(link => link.Id)).Order())
        {
            Link? ours = mine.FirstOrDefault(link => link.Id == id), other = theirs.FirstOrDefault(link => link.Id == id);
            Link empty = (ours ?? other)! with { Places = Facet<Place>.Empty, Gone = default };
            merged.Add((ours ?? empty).Merge(other ?? empty, knowledge, theirKnowledge));
        }

        return merged;
    }
}
