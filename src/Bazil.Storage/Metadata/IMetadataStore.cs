namespace Bazil.Storage.Metadata;

/// <summary>
/// The ordered key-value store of live metadata. RocksDB on disk; in memory for simulation.
/// <para>Contract, checked by <c>MetadataStoreContract</c> for every implementation:</para>
/// <list type="bullet">
/// <item>Safe for concurrent use by any threads.</item>
/// <item>A commit is atomic and ordered: after a crash a prefix of the commits is found, never a part of one, never one without those before it.</item>
/// <item>A commit survives the death of the process; it survives power loss once a later <see cref="Sync"/> returned.</item>
/// <item>Any failure of <see cref="Commit"/> or <see cref="Sync"/> is a <see cref="MetadataException"/>; after one, nothing more is written.</item>
/// </list>
/// </summary>
public interface IMetadataStore : IMetadataReader, IDisposable
{
    /// <summary>Applies the batch atomically. The batch stays the caller's and may be cleared and used again.</summary>
    void Commit(MetadataBatch batch);

    /// <summary>On return, everything committed before this call survives power loss.</summary>
    void Sync();

    /// <summary>A frozen, consistent view. The caller disposes it.</summary>
    IMetadataSnapshot Snapshot();
}
