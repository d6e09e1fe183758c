using Bazil.Core;
using Bazil.FileSystem.Checking;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Checking;

/// <summary>Keeps the records of checks in the metadata store, one row for each volume. Safe for concurrent use.</summary>
internal sealed class CheckLedger(IMetadataStore metadata, TimeProvider clock)
{
    // Guards the read-modify-write of rows. Innermost.
    private readonly Lock _gate = new();

    public CheckRecord Read(VolumeId volume)
    {
        try
        {
            return metadata.Get(Key(volume)) is { } row ? CheckRecord.Decode(row) : CheckRecord.Empty;
        }
        catch (WireFormatException)
        {
            // Only a memory of checks: the next one writes it anew.
            return CheckRecord.Empty;
        }
    }

    /// <summary>A full check ended.</summary>
    public void AddCheck(VolumeId volume, CheckReport report) =>
        Update(volume, record => record.WithFinished(CheckTotals.Of(report), clock.GetUtcNow()));

    /// <summary>A slice of the scrub ended: after a restart it goes on with the next.</summary>
    public void AddSlice(VolumeId volume, CheckReport report) => Update(volume, record => record.WithSlice(report, clock.GetUtcNow()));

    private void Update(VolumeId volume, Func<CheckRecord, CheckRecord> change)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            batch.Put(Key(volume), change(Read(volume)).Encode());
            metadata.Commit(batch);
        }
    }

    private static byte[] Key(VolumeId volume)
    {
        byte[] key = new byte[1 + VolumeId.Size];
        key[0] = (byte)Table.Check;
        volume.Write(key.AsSpan(1));
        return key;
    }
}
