using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The local changes of the replicated state: each rewrites facets under the transaction's one version. What a program
/// may do was checked before; the rules here are those of section "Replicated state" of docs/sync.md.
/// </summary>
internal sealed partial class LocalChange(Transaction transaction, UnixTime now)
{
    private Version Version => transaction.Version;

    /// <summary>Creates a node with one link.</summary>
    /// <param name="parent">The directory that shows it.</param>
    /// <param name="name">A free name.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="content">Null for directories.</param>
    /// <param name="attributes">Its first attributes.</param>
    /// <param name="inode">The inode that was allocated for it; none to allocate one.</param>
    public NodeRecord Create(NodeRecord parent, FileName name, NodeKind kind, ContentValue? content, AttributeValue attributes, InodeId inode = default)
    {
        Revive(parent.Inode);
        NodeRecord record = transaction.Add(new NodeId(Version), kind, inode);
        record.SetLink(Nodes.Link.Create(Version, new Place(parent.Id, name)));
        record.Attributes = record.Attributes.With(Version, attributes);
        if (content is not null) record.Content = record.Content.With(Version, content);
        record.AccessTime = record.ChangeTime = record.DirectoryTime = now;
        transaction.Stamp(record);
        TouchDirectory(parent.Inode);
        return record;
    }

    /// <summary>Adds a hard link.</summary>
    public void Link(InodeId inode, NodeRecord parent, FileName name)
    {
        Revive(parent.Inode);
        NodeRecord record = Stamped(inode);
        record.SetLink(Nodes.Link.Create(Version, new Place(parent.Id, name)));
        TouchDirectory(parent.Inode);
    }

    /// <summary>
    /// Removes the claims that a name shows. With the last link of a file goes the shown content only: siblings of a
    /// conflict were not seen and keep the node alive.
    /// </summary>
    /// <param name="group">The claims.</param>
    /// <param name="directory">Where the name is.</param>
    /// <param name="seen">What is shown in place of the rows' content, as a file is being written to: what a peer wrote meanwhile was not seen.</param>
    public void Remove(IEnumerable<Claim> group, InodeId directory, IReadOnlyDictionary<InodeId, ContentValue>? seen = null)
    {
        foreach (Claim claim in group) RemoveLink(claim, seen?.GetValueOrDefault(claim.Inode));
        TouchDirectory(directory);
    }

    /// <summary>Moves the claims that a name shows: one link is rewritten for each, whatever lies below.</summary>
    public void Move(IEnumerable<Claim> group, InodeId from, NodeRecord parent, FileName name)
    {
        Revive(parent.Inode);
        foreach (Claim claim in group)
        {
            NodeRecord record = Stamped(claim.Inode);
            Link link = record.FindLink(claim.LinkId) ?? throw new InvariantException($"{claim} is not a link of its node");
            record.SetLink(link.MoveTo(Version, new Place(parent.Id, name)));
        }

        TouchDirectory(from);
        TouchDirectory(parent.Inode);
    }

    /// <summary>
    /// Writes content over the value that the program saw; siblings that it did not see stay. Nodes that were shown with
    /// this one as one file go.
    /// </summary>
    public void Write(InodeId inode, ContentValue? seen, ContentValue value, ulong? allocatedBytes = null)
    {
        List<Claim> twins = TwinsOf(transaction.Require(inode));
        NodeRecord record = Stamped(inode);
        Facet<ContentValue> others = seen is null ? record.Content : record.Content.Without(seen);
        record.Content = others.With(Version, value);
        record.Choice = Version;
        record.AllocatedBytes = allocatedBytes;
        foreach (Claim twin in twins) RemoveLink(twin);
    }

    public void SetAttributes(InodeId inode, AttributeValue value)
    {
        NodeRecord record = Stamped(inode);
        Facet<AttributeValue> others = record.Attributes.IsEmpty ? record.Attributes : record.Attributes.Without(record.Attributes.Largest.Value);
        record.Attributes = others.With(Version, value);
        if (record.IsDirectory) record.DirectoryTime = value.ModifyTime;
    }

    /// <summary>
    /// Settles a conflict of contents: the kept value is written anew, so that two people who resolve differently lose
    /// nothing; what is dropped was seen.
    /// </summary>
    public void Resolve(InodeId inode, ContentValue keep, IEnumerable<ContentValue> drop)
    {
        NodeRecord record = Stamped(inode);
        Facet<ContentValue> rest = record.Content.Without(keep);
        foreach (ContentValue value in drop) rest = rest.Without(value);
        record.Content = rest.With(Version, keep);
        record.AllocatedBytes = null;
        record.Choice = Version;
    }

    /// <summary>Settles a conflict of attributes, which no alternate shows: the kept value is written anew, the others go.</summary>
    public void ResolveAttributes(InodeId inode, AttributeValue keep)
    {
        NodeRecord record = Stamped(inode);
        record.Attributes = Facet<AttributeValue>.Empty.With(Version, keep);
        if (record.IsDirectory) record.DirectoryTime = keep.ModifyTime;
    }

    /// <summary>Settles a conflict of places: the kept one is written anew, the others go.</summary>
    public void ResolvePlaces(InodeId inode, Version linkId, Place keep)
    {
        NodeRecord record = Stamped(inode);
        Link link = record.FindLink(linkId) ?? throw new InvariantException($"{linkId} is not a link of inode {inode}");
        record.SetLink((link with { Places = Facet<Place>.Empty }).MoveTo(Version, keep));
    }

    public void AddMember(PeerId member)
    {
        NodeRecord record = Members();
        record.Members = record.Members.With(Version, member);
    }

    public void RemoveMember(PeerId member)
    {
        NodeRecord record = Members();
        record.Members = record.Members.Without(member);
    }

    /// <summary>Announces that a replica id has ended: what others hold beyond what we know of it will never be completed.</summary>
    public void EndReplica(ReplicaId replica)
    {
        if (transaction.Read(Transaction.MembersInode) is { } members && members.Ended.Contains(Version)) transaction.TakeVersion();
        NodeRecord record = Members();
        record.Ended = record.Ended.With(Version, replica);
    }

    /// <summary>Marks a directory as changed in its entries; local, a link change is not a change of the parent.</summary>
    public void TouchDirectory(InodeId directory)
    {
        NodeRecord record = transaction.Change(directory);
        record.DirectoryTime = record.ChangeTime = now;
    }

    private void RemoveLink(Claim claim, ContentValue? seen = null)
    {
        if (transaction.Read(claim.Inode) is not { } before) return;
        if (before.Held is { } held)
        {
            // It is deleted already: all that changes is that nobody needs to see it any more.
            HeldDeletion rest = held with { Places = [.. held.Places.Where(place => place.LinkId != claim.LinkId)] };
            transaction.Change(claim.Inode).Held = rest.Places.Count > 0 ? rest : null;
            return;
        }

        NodeRecord record = Stamped(claim.Inode);
        Link link = record.FindLink(claim.LinkId) ?? throw new InvariantException($"{claim} is not a link of its node");
        bool isLast = !record.Links.Any(other => other.IsLive && other.Id != link.Id);
        record.SetLink(link.Remove(Version));
        if (!isLast) return;
        if ((seen ?? record.ShownContent?.Value) is { } shown) record.Content = record.Content.Without(shown);
        record.AllocatedBytes = null;
        record.Attributes = Facet<AttributeValue>.Empty;
    }

    /// <summary>Claims of other nodes that are shown as one with this node on any of its names.</summary>
    private List<Claim> TwinsOf(NodeRecord record)
    {
        var twins = new List<Claim>();
        foreach (PlacedLink place in record.Places())
        {
            InodeId parent = transaction.FindInode(place.Place.Parent);
            if (parent == default) continue;
            ShownName shown = transaction.Resolve(parent, place.Place.Name);
            // While a directory holds the name its files are not shown there: each of them is kept beside it.
            if (shown.Directories.Length > 0 || shown.Files.Length < 2 || !shown.Files.Any(claim => claim.Inode == record.Inode)) continue;
            twins.AddRange(shown.Files.Where(claim => claim.Inode != record.Inode));
        }

        return twins;
    }

    private NodeRecord Stamped(InodeId inode)
    {
        NodeRecord record = transaction.Change(inode);
        record.ChangeTime = now;
        transaction.Stamp(record);
        Revive(inode);
        return record;
    }

    /// <summary>
    /// Undoes a deletion by a peer that is not shown yet, with those of the directories above: who works with what is shown has decided against it.
    /// Does nothing for a node that is alive.
    /// </summary>
    public void Revive(InodeId inode)
    {
        if (transaction.Read(inode) is not { Held: { } held }) return;
        NodeRecord record = transaction.Change(inode);
        record.Held = null;
        record.ChangeTime = now;
        foreach (PlacedLink place in held.Places)
        {
            Link link = record.FindLink(place.LinkId) ?? Nodes.Link.Create(place.LinkId, place.Place);
            record.SetLink(link.MoveTo(Version, place.Place));
        }

        if (held.Content is { } content) record.Content = record.Content.With(Version, content.Value);
        // What the node has still, by changes that did not know of the deletion, may be purged with it at others, and would be missing there: it is written anew, too.
        AttributeValue? attributes = record.Attributes.IsEmpty ? held.Attributes : record.Attributes.Largest.Value;
        if (attributes is not null) record.Attributes = Facet<AttributeValue>.Empty.With(Version, attributes);
        record.Choice = Version;
        transaction.Stamp(record);
        foreach (PlacedLink place in held.Places)
        {
            InodeId parent = transaction.FindInode(place.Place.Parent);
            if (parent != default) Revive(parent);
        }
    }

    private NodeRecord Members()
    {
        if (transaction.Read(Transaction.MembersInode) is null) transaction.Add(NodeId.Members, NodeKind.Members);
        return Stamped(Transaction.MembersInode);
    }
}
