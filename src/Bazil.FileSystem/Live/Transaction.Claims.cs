using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;

namespace Bazil.FileSystem.Live;

// How claims follow from records: a pure function of a node's facets, of whether its parents are here, and of cycles.
internal sealed partial class Transaction
{
    private readonly Dictionary<(InodeId Parent, FileName Name), Claim[]> _rows = [];
    private readonly Dictionary<(InodeId Parent, FileName Name), Claim[]> _rowsBefore = [];
    private readonly HashSet<InodeId> _recheck = [];

    /// <summary>The claims on a name, as this transaction sees them.</summary>
    public Claim[] ReadClaims(InodeId parent, FileName name) =>
        _rows.TryGetValue((parent, name), out Claim[]? claims) ? claims : ReadClaimsBefore(parent, name);

    /// <summary>The claims on a name as committed; each row is read once.</summary>
    private Claim[] ReadClaimsBefore(InodeId parent, FileName name)
    {
        if (_rowsBefore.TryGetValue((parent, name), out Claim[]? claims)) return claims;
        claims = Store.Tables.ReadClaims(parent, name.Span);

        // A reader of a frozen view looks at everything, and at nothing twice.
        if (Store.Undo is not null) _rowsBefore.Add((parent, name), claims);
        return claims;
    }

    /// <summary>All names in one directory as this transaction sees them, in bytewise order.</summary>
    public IEnumerable<KeyValuePair<FileName, Claim[]>> ScanClaims(InodeId parent)
    {
        var staged = new SortedDictionary<FileName, Claim[]>();
        foreach (((InodeId rowParent, FileName name), Claim[] claims) in _rows)
        {
            if (rowParent == parent) staged.Add(name, claims);
        }

        IEnumerable<KeyValuePair<FileName, Claim[]>> stored = Store.Tables.ScanDirectory(parent, []);
        if (staged.Count == 0) return stored;
        return stored.Where(row => !staged.ContainsKey(row.Key)).Concat(staged.Where(row => row.Value.Length > 0)).OrderBy(row => row.Key);
    }

    /// <summary>The claims of a node: one for each place, when it is alive.</summary>
    private List<PlacedClaim> PlacementOf(NodeRecord record, bool isBefore)
    {
        var placed = new List<PlacedClaim>(1);
        if (record.Id == NodeId.Root || record.IsVolumeWide || ShownPlaces(record, isBefore) is not { } places) return placed;
        bool isLoose = (isBefore ? LooseBefore : State.Loose).Contains(record.Inode);
        (NodeId Node, InodeId Inode) last = default; // many links are mostly in one directory
        foreach (PlacedLink place in places)
        {
            if (last.Node != place.Place.Parent || last.Inode == default) last = (place.Place.Parent, isLoose ? default : ParentOf(place.Place.Parent, isBefore));
            InodeId parent = last.Inode;
            var claim = new Claim(record.Inode, record.Id, record.Kind, place.LinkId, place.Version);
            placed.Add(new PlacedClaim(parent == default ? InodeId.Root : parent, place.Place.Name, claim, parent != default));
        }

        return placed;
    }

    /// <summary>The inode of a parent, or none when it is not here, or is no directory.</summary>
    private InodeId ParentOf(NodeId parent, bool isBefore)
    {
        if (parent == NodeId.Root) return InodeId.Root;
        InodeId inode = isBefore ? Store.FindInode(parent) : FindInode(parent);
        if (inode == default) return default;
        NodeRecord? record = isBefore ? Store.Read(inode) : Read(inode);
        return record is { IsDirectory: true } ? inode : default;
    }

    /// <summary>Where a node is shown: while it is alive, or while its deletion waits. Null for neither.</summary>
    private IReadOnlyList<PlacedLink>? ShownPlaces(NodeRecord record, bool isBefore) =>
        IsAlive(record, isBefore) ? record.Places() : record.Held?.Places;

    /// <summary>A file lives by a content pair, a directory by a link or by a living descendant.</summary>
    private bool IsAlive(NodeRecord record, bool isBefore) =>
        !record.IsDirectory
            ? !record.Content.IsEmpty
            : record.HasLiveLink || record.Id == NodeId.Root || HasLivingChild(record, isBefore, []);

    /// <summary>
    /// Looks for a descendant that lives by itself. Only asked for directories whose link was removed; directories that
    /// keep one another alive in a circle do not count.
    /// </summary>
    private bool HasLivingChild(NodeRecord directory, bool isBefore, HashSet<InodeId> visited)
    {
        if (!visited.Add(directory.Inode)) return false;
        foreach (InodeId child in ChildrenOf(directory, isBefore))
        {
            NodeRecord? record = isBefore ? Store.Read(child) : Read(child);
            if (record is null || !record.Places().Exists(place => place.Place.Parent == directory.Id)) continue;
            bool lives = record.IsDirectory ? record.HasLiveLink || HasLivingChild(record, isBefore, visited) : !record.Content.IsEmpty;
            if (lives) return true;
        }

        return false;
    }

    private IEnumerable<InodeId> ChildrenOf(NodeRecord directory, bool isBefore)
    {
        IEnumerable<InodeId> shown = directory.Entries == 0
            ? []
            : (isBefore ? Store.Tables.ScanDirectory(directory.Inode, []) : ScanClaims(directory.Inode))
                .SelectMany(row => row.Value.Select(claim => claim.Inode));
        IEnumerable<InodeId> edited = isBefore ? [] : _edits.Where(entry => !entry.Value.IsPurged).Select(entry => entry.Key);
        return shown.Concat(Store.Tables.ReadHiddenChildren(directory.Id)).Concat(edited);
    }

    /// <summary>True when only what is edited here can move: no other replica's nodes are merged, and no cycle shows directories elsewhere.</summary>
    private bool IsSettled => !MergesForeign && State.Loose.Count == 0 && LooseBefore.Count == 0;

    /// <summary>Brings the staged rows in line with the edited records, until nothing changes.</summary>
    private void PlaceEdits()
    {
        var work = new Queue<InodeId>(_edits.Keys);
        var queued = new HashSet<InodeId>(work);
        while (work.TryDequeue(out InodeId inode))
        {
            queued.Remove(inode);
            Edit edit = Touch(inode);
            if (IsSettled && edit.IsInPlace) continue;
            SettleHold(edit);
            List<PlacedClaim> placed = edit.IsPurged ? [] : PlacementOf(edit.Record, isBefore: false);
            foreach (PlacedClaim old in edit.Placed.Except(placed).ToList()) Unplace(old);
            foreach (PlacedClaim claim in placed.Except(edit.Placed).ToList()) Place(claim);
            edit.Placed = placed;
            foreach (InodeId directory in _recheck)
            {
                MustPlace(directory);
                if (queued.Add(directory)) work.Enqueue(directory);
            }

            _recheck.Clear();
        }
    }

    private void Place(PlacedClaim placed)
    {
        Claim[] claims = ReadClaims(placed.Parent, placed.Name);
        SetClaims(placed.Parent, placed.Name, claims, ClaimRow.With(claims, placed.Claim));
    }

    private void Unplace(PlacedClaim placed)
    {
        Claim[] claims = ReadClaims(placed.Parent, placed.Name);
        SetClaims(placed.Parent, placed.Name, claims, ClaimRow.Without(claims, placed.Claim.Inode, placed.Claim.LinkId));
    }

    private void SetClaims(InodeId parent, FileName name, Claim[] before, Claim[] after)
    {
        if (after.Length > ClaimRow.ClaimsMax) throw new SyncException($"name {name} would have {after.Length} claims, more than {ClaimRow.ClaimsMax}");
        _rows[(parent, name)] = after;
        NodeRecord directory = Touch(parent).Record;
        if (MergesForeign) directory.DirectoryTime = directory.ChangeTime = Now;
        if (before.Length == 0 && after.Length > 0) directory.Entries++;
        if (before.Length > 0 && after.Length == 0) directory.Entries--;
        int dirsBefore = ClaimRow.CountDirectories(before), dirsAfter = ClaimRow.CountDirectories(after);
        if (dirsBefore == 0 && dirsAfter > 0) directory.Subdirectories++;
        if (dirsBefore > 0 && dirsAfter == 0) directory.Subdirectories--;
        if ((dirsBefore > 1) != (dirsAfter > 1)) State.CountUnions(dirsAfter > 1 ? 1 : -1);

        // A directory without a link lives by its descendants: it may just have come to life, or died.
        if (!directory.HasLiveLink && directory.Id != NodeId.Root) _recheck.Add(parent);
    }
}
