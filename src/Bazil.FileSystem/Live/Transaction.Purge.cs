using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Tombstones go when every member's knowledge covers them, so deletions take no permanent space.
internal sealed partial class Transaction
{
    private readonly Dictionary<PeerId, Knowledge> _memberKnowledge = [];
    private readonly Dictionary<PeerId, Knowledge> _memberVouch = [];

    /// <summary>The members of the volume, this node included once it is one.</summary>
    public List<PeerId> Members() => Read(MembersInode)?.Members.DistinctValues() ?? [];

    /// <summary>What every member is known to know: nothing beyond it may be forgotten.</summary>
    public Knowledge KnownToAll()
    {
        Knowledge low = State.Knowledge;
        foreach (PeerId member in Members())
        {
            if (member == Store.Self) continue;
            low = low.Meet(_memberKnowledge.TryGetValue(member, out Knowledge? known) ? known : Store.ReadMemberKnowledge(member));
        }

        return low;
    }

    /// <summary>Whether every other member vouches for all of this.</summary>
    public bool IsVouchedByAll(Knowledge knowledge) => Members().TrueForAll(member =>
        member == Store.Self
        || knowledge.IsCoveredBy(_memberVouch.TryGetValue(member, out Knowledge? vouched) ? vouched : MemberTable.Read(Store.Tables, Table.MemberVouch, member)));

    /// <summary>Notes what a member vouched for when a pull was completed.</summary>
    public void SetMemberVouch(PeerId member, Knowledge knowledge)
    {
        _memberVouch[member] = knowledge;
        MemberTable.Put(Batch, Store.Tables, member, knowledge, Table.MemberVouch);
    }

    /// <summary>Notes what a member knew when a pull was completed.</summary>
    public void SetMemberKnowledge(PeerId member, Knowledge knowledge)
    {
        _memberKnowledge[member] = knowledge;
        MemberTable.Put(Batch, Store.Tables, member, knowledge);
    }

    /// <summary>Notes that one side of the pull under way may have purged a node. Read when the pull is completed, and forgotten when the node lives then.</summary>
    public void NoteRevived(InodeId inode) => Batch.Put(Key(Table.Revived).Add(inode).Bytes, []);

    /// <inheritdoc cref="NoteRevived"/>
    public IReadOnlySet<InodeId> ReadRevived() => new HashSet<InodeId>(Store.Tables.ReadInodes(Table.Revived));

    /// <inheritdoc cref="NoteRevived"/>
    public void ForgetRevived(InodeId inode) => Batch.Delete(Key(Table.Revived).Add(inode).Bytes);

    /// <summary>Purges what may be purged among the candidates: dead nodes, and removed links of living ones.</summary>
    public void Purge(IEnumerable<InodeId> candidates, Knowledge knownToAll)
    {
        PlaceEdits();
        var dead = new HashSet<InodeId>();
        foreach (InodeId inode in candidates.ToList())
        {
            if (Read(inode) is not { } record || record.IsVolumeWide || record.Id == NodeId.Root) continue;
            if (record.Held is not null && !IsAlive(record, isBefore: false)) continue; // it is still shown
            if (IsAlive(record, isBefore: false)) DropRemovedLinks(record, knownToAll);
            else if (record.Stamp.IsCoveredBy(knownToAll) && record.Attributes.IsEmpty && !record.HasLiveLink) dead.Add(inode);
        }

        while (dead.RemoveWhere(inode => IsNamedByOthers(inode, dead)) > 0)
        {
        }

        foreach (InodeId inode in dead)
        {
            Edit edit = Touch(inode);
            edit.IsPurged = true;
            State.RaiseHorizon(edit.Record.Stamp);
        }
    }

    /// <summary>True when a node that stays names this directory as a parent, shown there or not.</summary>
    private bool IsNamedByOthers(InodeId inode, HashSet<InodeId> dead)
    {
        NodeRecord record = Require(inode);
        if (!record.IsDirectory) return false;
        if (record.Entries > 0) return true;
        IEnumerable<InodeId> children = Store.Tables.ReadHiddenChildren(record.Id).Concat(_edits.Keys);
        return children.Any(child => !dead.Contains(child) && Read(child) is { } other && Names(other, record.Id));
    }

    private static bool Names(NodeRecord record, NodeId parent)
    {
        foreach (Link link in record.Links)
        {
            if (link.Last.Value.Parent == parent) return true;
            foreach (FacetPair<Place> pair in link.Places.Pairs)
            {
                if (pair.Value.Parent == parent) return true;
            }
        }

        return false;
    }

    /// <summary>Drops removed links that all members know of; the last place of a node that lives without a link stays.</summary>
    private void DropRemovedLinks(NodeRecord record, Knowledge knownToAll)
    {
        Version kept = record.HasLiveLink ? default : record.LastLink?.Id ?? default;
        foreach (Link link in record.Links.Where(link => !link.IsLive && link.Id != kept && knownToAll.Covers(link.Gone)).ToList())
        {
            Change(record).DropLink(link.Id);
            if (!link.Gone.IsNone) State.RaiseHorizon(Knowledge.Of(link.Gone));
        }
    }
}
