using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>The rows, the volume-wide values and the record cache of one volume. Guarded by the volume's gate.</summary>
internal sealed class VolumeStore
{
    public VolumeStore(IMetadataStore metadata, uint volume, IEntropy entropy, PeerId self)
        : this(metadata, metadata, volume, entropy, self)
    {
    }

    private VolumeStore(IMetadataReader reader, IMetadataStore? metadata, uint volume, IEntropy entropy, PeerId self)
    {
        Tables = new VolumeTables(reader, volume);
        Entropy = entropy;
        Self = self;
        State = VolumeState.Load(Tables);
        Accounts = new SubtreeAccounts(Tables);
        Adopted = new AdoptedRows(Tables);
        Trash = new TrashRows(Tables) { IsOn = () => KeepsTrash() };
        Undo = metadata is null ? null : new UndoLog(metadata, Tables);
        Frozen = new FrozenDirectories(Tables);
    }

    public VolumeTables Tables { get; }

    public VolumeState State { get; }

    /// <summary>What lies below each directory.</summary>
    public SubtreeAccounts Accounts { get; }

    public IEntropy Entropy { get; }

    /// <summary>This node, as the members of the volume name it.</summary>
    public PeerId Self { get; }

    /// <summary>How rows are committed; a frozen view has none.</summary>
    public UndoLog? Undo { get; }

    /// <summary>What of the tree is as the newest snapshot has it.</summary>
    public FrozenDirectories Frozen { get; }

    /// <summary>What pulls bring, noted for collections of garbage.</summary>
    public AdoptedRows Adopted { get; }

    /// <summary>What peers deleted and overwrote.</summary>
    public TrashRows Trash { get; }

    public RecordCache Cache { get; } = new(Limits.RecordCacheBytes);

    /// <summary>Nodes of a lost history, while there is one.</summary>
    public ReferencedNodes Referenced { get; } = new();

    /// <inheritdoc cref="VolumeOptions.CollectionGeneration"/>
    public Func<ulong> CollectionGeneration { get; init; } = static () => 0;

    /// <summary>Whether what peers delete is kept.</summary>
    public Func<bool> KeepsTrash { get; init; } = static () => true;

    /// <summary>The same volume as it stands in a frozen view. For reading only, by one thread.</summary>
    public VolumeStore Freeze(IMetadataSnapshot view) => new(view, null, Tables.Volume, Entropy, Self);

    /// <summary>A volume as it stands in a frozen view, for who has nothing but that. For reading only, by one thread.</summary>
    public static VolumeStore ForReading(IMetadataSnapshot view, uint volume, PeerId self) => new(view, null, volume, new SodiumEntropy(), self);

    /// <summary>The record as committed, or null.</summary>
    public NodeRecord? Read(InodeId inode)
    {
        if (Cache.Find(inode) is { } cached) return cached;
        NodeRecord? record = Tables.ReadRecord(inode, State.Reference);
        if (record is not null) Cache.Set(record);
        return record;
    }

    /// <summary>The inode of a node as committed, or none.</summary>
    public InodeId FindInode(NodeId node)
    {
        InodeId cached = Cache.FindInode(node);
        return cached != default ? cached : Tables.FindInode(node);
    }

    /// <summary>Applies a batch. Survives the death of the process at once, power loss after the next sync.</summary>
    /// <param name="batch">The changes; it may get a row more.</param>
    /// <param name="unsynced">Chunks of what it names that were put but not synced yet.</param>
    public void Commit(MetadataBatch batch, params IReadOnlyList<BlobSubtree> unsynced) =>
        (Undo ?? throw new InvariantException("a frozen view of a volume is not written")).Commit(batch, unsynced);

    /// <summary>Knowledge of a member as received in a completed pull.</summary>
    public Knowledge ReadMemberKnowledge(PeerId member) => MemberTable.Read(Tables, Table.MemberKnowledge, member);
}
