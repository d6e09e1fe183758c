using Bazil.Storage.Metadata;

namespace Bazil.Remotes.Tests.Packs;

/// <summary>A database whose disk is full after so many commits. Does not own the one that it writes to.</summary>
internal sealed class FullMetadata(IMetadataStore inner) : IMetadataStore
{
    /// <summary>How many commits the disk has room for.</summary>
    public int CommitsLeft { get; set; } = int.MaxValue;

    public byte[]? Get(ReadOnlySpan<byte> key) => inner.Get(key);

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => inner.Scan(from, to);

    public IMetadataSnapshot Snapshot() => inner.Snapshot();

    public void Commit(MetadataBatch batch)
    {
        if (CommitsLeft-- <= 0) throw new MetadataException("the disk of the database is full", MetadataFailure.DiskFull);
        inner.Commit(batch);
    }

    public void Sync() => inner.Sync();

    public void Dispose()
    {
    }
}
