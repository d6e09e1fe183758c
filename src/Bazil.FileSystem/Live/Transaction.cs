using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Live;

/// <summary>
/// One unit of work on a volume's metadata: reads see its own edits, <see cref="Commit"/> applies all of them in one
/// batch, and dropping it without a commit leaves nothing. Used under the volume's gate by one thread.
/// <para>Edits change only records; the shown tree (claims, counts, indexes) follows from them at commit, by the same
/// code for local changes and for changes that come from a peer.</para>
/// </summary>
internal sealed partial class Transaction(VolumeStore store)
{
    /// <summary>The reserved inode of the members node.</summary>
    public static readonly InodeId MembersInode = new(2);

    /// <summary>The reserved inode of the epochs node.</summary>
    public static readonly InodeId EpochsInode = new(3);

    private readonly Dictionary<InodeId, Edit> _edits = [];
    private readonly Dictionary<NodeId, InodeId> _created = [];
    private readonly VolumeStateMark _mark = store.State.Mark();
    private Version _version;
    private ulong _firstTick;

    public VolumeStore Store { get; } = store;

    public VolumeState State => Store.State;

    /// <summary>The version of the local change that this transaction makes; taken at the first use.</summary>
    public Version Version
    {
        get
        {
            if (_version.IsNone) TakeVersion();
            return _version;
        }
    }

    /// <summary>Goes on under a further version: distinct values of one facet need versions of their own.</summary>
    public void TakeVersion()
    {
        _version = State.NextVersion(Store.Self, Store.Entropy);
        if (_firstTick == 0) _firstTick = _version.Tick;
    }

    /// <summary>Takes back what this transaction changed in memory. It is not used again.</summary>
    public void Abandon() => State.Return(_mark);

    public bool IsEdited(InodeId inode) => _edits.ContainsKey(inode);

    /// <summary>Returns the record as this transaction sees it. Not to be changed: <see cref="Change(InodeId)"/> gives the one that may.</summary>
    public NodeRecord? Read(InodeId inode) =>
        _edits.TryGetValue(inode, out Edit? edit) ? (edit.IsPurged ? null : edit.Record) : Store.Read(inode);

    public NodeRecord? Read(NodeId node)
    {
        InodeId inode = FindInode(node);
        return inode == default ? null : Read(inode);
    }

    public NodeRecord Require(InodeId inode) =>
        Read(inode) ?? throw new InvariantException($"inode {inode} is named but has no record");

    /// <summary>The inode of a node, or none when it is not here.</summary>
    public InodeId FindInode(NodeId node)
    {
        if (node == NodeId.Root) return InodeId.Root;
        if (node == NodeId.Members) return Read(MembersInode) is null ? default : MembersInode;
        if (node == NodeId.KeyEpochs) return Read(EpochsInode) is null ? default : EpochsInode;
        if (_created.TryGetValue(node, out InodeId created)) return created;
        InodeId inode = Store.FindInode(node);
        return inode != default && _edits.TryGetValue(inode, out Edit? edit) && edit.IsPurged ? default : inode;
    }

    /// <summary>Returns the record for changing its local part or its facets.</summary>
    public NodeRecord Change(InodeId inode) => Touch(inode).Record;

    public NodeRecord Change(NodeRecord record) => Touch(record.Inode).Record;

    /// <summary>Adds a node that this replica did not have. Children that waited for it move under it.</summary>
    /// <param name="id">The node.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="allocated">The inode that was allocated for it; none to allocate one.</param>
    public NodeRecord Add(NodeId id, NodeKind kind, InodeId allocated = default)
    {
        // What this transaction creates itself is named by its own version, which nothing had or knew before.
        bool isOwn = !_version.IsNone && id.Creation == _version;
        Invariant.Check(isOwn || FindInode(id) == default || id == NodeId.Root);
        InodeId inode = allocated != default ? allocated : ReservedInode(id) is var reserved && reserved != default ? reserved : State.AllocateInode();
        foreach (InodeId child in kind == NodeKind.Directory && !isOwn ? Store.Tables.ReadHiddenChildren(id) : [])
        {
            Touch(child);
            MustPlace(child);
        }

        var record = new NodeRecord(id, kind, inode);
        _edits.Add(inode, new Edit(null, record));
        _created.Add(id, inode);
        return record;
    }

    /// <summary>Marks a node as changed by this transaction's local change.</summary>
    public void Stamp(NodeRecord record) => record.Stamp = record.Stamp.With(Version);

    private static InodeId ReservedInode(NodeId id) =>
        id == NodeId.Root ? InodeId.Root : id == NodeId.Members ? MembersInode : id == NodeId.KeyEpochs ? EpochsInode : default;

    /// <summary>What shows this node has changed though the node itself has not: its claims are worked out anew.</summary>
    private void MustPlace(InodeId inode) => _edits[inode].IsDisplaced = true;

    private Edit Touch(InodeId inode)
    {
        if (_edits.TryGetValue(inode, out Edit? edit)) return edit;
        NodeRecord before = Store.Read(inode) ?? throw new InvariantException($"inode {inode} is named but has no record");
        edit = new Edit(before, before.Clone());
        _edits.Add(inode, edit);
        edit.Placed = edit.PlacedBefore = PlacementOf(before, isBefore: true);
        return edit;
    }

    /// <summary>One touched record: as committed, as edited, and the claims it has staged so far.</summary>
    private sealed class Edit(NodeRecord? before, NodeRecord record)
    {
        public NodeRecord? Before { get; } = before;

        public NodeRecord Record { get; } = record;

        /// <summary>The claims this node holds in the staged rows.</summary>
        public List<PlacedClaim> Placed { get; set; } = [];

        /// <summary>The claims it held in the committed rows.</summary>
        public List<PlacedClaim> PlacedBefore { get; set; } = [];

        public bool IsPurged { get; set; }

        /// <summary>Its claims may differ from those it held, though its links are the same.</summary>
        public bool IsDisplaced { get; set; }

        /// <summary>True while nothing has happened to this node that could move its claims.</summary>
        public bool IsInPlace =>
            !IsPurged && !IsDisplaced && Before is not null && ReferenceEquals(Placed, PlacedBefore)
            && ReferenceEquals(Before.Links, Record.Links) && Before.Content.IsEmpty == Record.Content.IsEmpty && ReferenceEquals(Before.Held, Record.Held);
    }
}
