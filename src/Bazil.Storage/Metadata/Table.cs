namespace Bazil.Storage.Metadata;

/// <summary>The first byte of every metadata key. One column family holds all tables; numbers are never reused.</summary>
public enum Table : byte
{
    // Of the node: owned by Bazil.Server.

    /// <summary>(nothing) → version of the data directory's format.</summary>
    Format = 0x01,

    /// <summary>(nothing) → Ed25519 seed of this node.</summary>
    Identity = 0x02,

    /// <summary>name → sharing key.</summary>
    SharingKey = 0x03,

    /// <summary>name → volume: local number, id, sharing key, storage, mount.</summary>
    Volume = 0x04,

    /// <summary>peer id → peer: nickname, locations, allowed storage, allowed volumes.</summary>
    Peer = 0x05,

    /// <summary>volume id → what the last check found, and how far the scrub is.</summary>
    Check = 0x0C,

    /// <summary>(nothing) → what is set about content on this machine (docs/cache.md).</summary>
    Cache = 0x0D,

    // Of the node's own store: owned by Bazil.Storage.

    /// <summary>object id → generation (BE64) and size (BE32) of a fossil: an object that nothing refers to.</summary>
    Fossil = 0x10,

    /// <summary>(nothing) → the last completed collection of garbage.</summary>
    Collection = 0x11,

    // Of stores in other places: owned by Bazil.Remotes.

    /// <summary>address → id of the store that was found there (docs/remotes.md).</summary>
    RemoteStore = 0x12,

    /// <summary>store id ‖ pack id → its size and what of it is wanted.</summary>
    RemotePack = 0x13,

    /// <summary>store id ‖ object id → where in which pack it lies.</summary>
    RemoteObject = 0x14,

    /// <summary>volume id ‖ store id → up to where the content of the volume was copied there (docs/remotes.md, "Copies"). Owned by Bazil.Server.</summary>
    RemotePush = 0x15,

    /// <summary>peer id ‖ ticket → objects that this node has promised a peer to keep for a while (docs/cache.md, "Holds"). Owned by Bazil.Storage.</summary>
    Hold = 0x16,

    /// <summary>store id → this node's lease there, as it was written last (docs/gc.md, "Stores that nodes share").</summary>
    RemoteLease = 0x17,

    /// <summary>store id ‖ object id → generation (BE64) of a fossil: an object that nothing here refers to.</summary>
    RemoteFossil = 0x18,

    // Of one volume: key continues with the volume's local number (BE32). Owned by Bazil.FileSystem.

    /// <summary>inode (BE64) → node record.</summary>
    Inode = 0x20,

    /// <summary>parent inode (BE64) ‖ name → claims of nodes on that name.</summary>
    Dirent = 0x21,

    /// <summary>node id → inode (BE64).</summary>
    Node = 0x22,

    /// <summary>replica ‖ tick (BE64) ‖ node id → nothing: the index that sync walks.</summary>
    Change = 0x23,

    /// <summary>name → volume-wide values: knowledge, horizon, counters.</summary>
    VolumeState = 0x24,

    /// <summary>peer id → knowledge of a member, as received in a completed pull.</summary>
    MemberKnowledge = 0x25,

    /// <summary>replica → signed head.</summary>
    Head = 0x26,

    /// <summary>name → snapshot reference.</summary>
    SnapshotRef = 0x27,

    /// <summary>inode → content of a file that is open and was synced, but not published by a close or fsync yet.</summary>
    Working = 0x28,

    /// <summary>inode ‖ number (BE64) → a small change that was synced on top of the content in the inode's Working row.</summary>
    Patch = 0x58,

    /// <summary>inode → why the newest state of it is not shown yet.</summary>
    Pending = 0x29,

    /// <summary>named parent's node id ‖ child inode → nothing: a child names it, but is not shown in it (dead, moved, waiting for it).</summary>
    HiddenChild = 0x2A,

    /// <summary>inode → nothing: a dead node, or a living one with a removed link; candidates for purging.</summary>
    Tombstone = 0x2B,

    /// <summary>0 ‖ inode, or 1 ‖ parent inode ‖ name, or 2 ‖ parent inode ‖ name → nothing: a facet with several values, files that share a name, directories that are shown as one.</summary>
    Conflict = 0x2C,

    /// <summary>sequence (BE64) → old values of the keys of a batch that was written while its content may not be durable.</summary>
    Undo = 0x2F,

    /// <summary>collection (BE64) ‖ root key → manifest of content that a pull brought since that collection began.</summary>
    Adopted = 0x38,

    /// <summary>peer id → what a member vouches for: it holds no content that was replaced before (docs/gc.md, "Members").</summary>
    MemberVouch = 0x39,

    /// <summary>peer id → the snapshots that a member keeps (docs/gc.md, "Snapshots of members").</summary>
    MemberSnapshots = 0x3B,

    /// <summary>inode → nothing: content of it is sealed in a sharing-key epoch that a rotation has ended.</summary>
    OldSealed = 0x3C,

    /// <summary>What earlier versions kept under <see cref="MemberStatement"/>: signed over other bytes, and of no use. Deleted when a volume is opened.</summary>
    OldMemberStatement = 0x3D,

    /// <inheritdoc cref="OldMemberStatement"/>
    OldMemberStatementWithList = 0x3F,

    /// <summary>peer id → what a member vouched for last, with the digest of its list of snapshots, as it signed it, to be passed on.</summary>
    MemberStatement = 0x42,

    /// <summary>inode → nothing: one side of a pull that is not completed may have purged the node.</summary>
    Revived = 0x3E,

    /// <summary>inode → nothing: the node is dead, but its deletion by a peer is not shown yet (docs/conflicts.md, "Deletions by others").</summary>
    Held = 0x40,

    /// <summary>number (BE64, grows with time) → what a peer deleted or overwrote (docs/conflicts.md, "The trash").</summary>
    Trash = 0x41,

    /// <summary>inode of a directory → its manifest in the newest snapshot, while nothing below it has changed since (docs/snapshots.md, "Taking one").</summary>
    FrozenDirectory = 0x48,

    /// <summary>inode of a directory, name → nothing: it may show something else than in the newest snapshot. Only of directories whose row in the table before says so.</summary>
    ChangedName = 0x49,

    /// <summary>inode of a directory → what lies below it (docs/accounting.md).</summary>
    SubtreeTotals = 0x50,

    /// <summary>inode of a directory → what its totals have yet to take in.</summary>
    SubtreeChange = 0x51,

    /// <summary>kind ‖ node id or pattern → since when it is pinned (docs/cache.md, "Pins").</summary>
    Pin = 0x60,

    /// <summary>inode → the hour in which the file was last used (docs/cache.md, "What goes first").</summary>
    LastUse = 0x61,
}
