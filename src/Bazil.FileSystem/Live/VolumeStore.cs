using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>The rows, the volume-wide values and the record cache of one volume. Guarded by the volume's gate.</summary>
internal sealed class VolumeStore
{
    private readonly IMetadataStore? _metadata;

    public VolumeStore(IMetadataStore metadata, uint volume, IEntropy entropy, PeerId self)
        : this(metadata, metadata, volume, entropy, self)
    {
    }

    private VolumeStore(IMetadataReader reader, IMetadataStore? metadata, uint volume, IEntropy entropy, PeerId self)
    {
        _metadata = metadata;
        Tables = new VolumeTables(reader, volume);
        Entropy = entropy;
        Self = self;
        State = VolumeState.Load(Tables);
    }

    /// <summary>The live database; a frozen view has none.</summary>
    public IMetadataStore Metadata => _metadata ?? throw new InvariantException("a frozen view of a volume is not written");

    public VolumeTables Tables { get; }

    public VolumeState State { get; }

    public IEntropy Entropy { get; }

    /// <summary>This node, as the members of the volume name it.</summary>
    public PeerId Self { get; }

    public RecordCache Cache { get; } = new(Limits.RecordCacheCount);

    /// <summary>The same volume as it stands in a frozen view. For reading only, by one thread.</summary>
    public VolumeStore Freeze(IMetadataSnapshot view) => new(view, null, Tables.Volume, Entropy, Self);

    /// <summary>The record as committed, or null.</summary>
    public NodeRecord? Read(InodeId inode)
    {
        if (Cache.Find(inode) is { } cached) return cached;
        NodeRecord? record = Tables.ReadRecord(inode, State.Reference);
        if (record is not null) Cache.Set(record);
        return record;
    }

    /// <summary>Knowledge of a member as received in a completed pull.</summary>
    public Knowledge ReadMemberKnowledge(PeerId member)
    {
        byte[]? row = Tables.Reader.Get(Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.MemberKnowledge).Add(member).Bytes);
        return row is null ? Knowledge.Empty : KnowledgeCodec.Decode(row);
    }
}
