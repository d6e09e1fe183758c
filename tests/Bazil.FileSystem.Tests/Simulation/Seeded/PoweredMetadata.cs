using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Simulation.Seeded;

/// <summary>The database of a machine between a start and its end; the machine may die in any commit or sync, before or after it took effect.</summary>
internal sealed class PoweredMetadata(MemoryMetadataStore rows, DiskPower power) : IMetadataStore
{
    public byte[]? Get(ReadOnlySpan<byte> key) => rows.Get(key);

    public IMetadataCursor Scan(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => rows.Scan(from, to);

    public IMetadataSnapshot Snapshot() => rows.Snapshot();

    public void Commit(MetadataBatch batch)
    {
        power.Draw();
        rows.Commit(batch);
        power.Draw();
    }

    public void Sync()
    {
        power.Draw();
        rows.Sync();
        power.Draw();
    }

    public void Dispose()
    {
    }
}
