using Bazil.Core;
using Bazil.FileSystem.Checking;
using Bazil.Server.Checking;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Tests.Checking;

public sealed class CheckLedgerTests
{
    private static readonly VolumeId Volume = new(7);
    private static readonly DateTimeOffset At = new(2026, 11, 21, 14, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_scrub_goes_on_after_a_restart_and_counts_when_its_last_slice_is_done()
    {
        using var metadata = new MemoryMetadataStore();
        for (int slice = 0; slice < Limits.ScrubSliceCount; slice++)
        {
            var ledger = new CheckLedger(metadata, TimeProvider.System); // as after a restart
            Assert.Equal(slice, ledger.Read(Volume).NextSlice);
            Assert.Null(ledger.Read(Volume).FinishedAt);
            ledger.AddSlice(Volume, Report(chunks: 10, lost: slice == 5 ? ["/a/b"] : []));
        }

        CheckRecord done = new CheckLedger(metadata, TimeProvider.System).Read(Volume);
        Assert.NotNull(done.FinishedAt);
        Assert.Equal((0, 10L * Limits.ScrubSliceCount, 1L, "/a/b"), (done.NextSlice, done.Finished.ChunkCount, done.Finished.LostPathCount, done.Finished.FirstLostPath));
        Assert.Equal(CheckTotals.None, done.UnderWay);
        Assert.Equal(CheckRecord.Empty, new CheckLedger(metadata, TimeProvider.System).Read(new VolumeId(8)));
    }

    [Fact]
    public void A_record_survives_encoding_and_no_part_of_it_is_taken_for_one()
    {
        CheckRecord record = CheckRecord.Empty.WithFinished(CheckTotals.Of(Report(5, ["/x"])), At).WithSlice(Report(3, []), At);
        byte[] row = record.Encode();
        Assert.Equal(record, CheckRecord.Decode(row));
        for (int length = 0; length < row.Length; length++) Assert.Throws<WireFormatException>(() => CheckRecord.Decode(row.AsSpan(0, length)));
    }

    [Fact]
    public void A_damaged_record_is_as_none()
    {
        using var metadata = new MemoryMetadataStore();
        var ledger = new CheckLedger(metadata, TimeProvider.System);
        var batch = new MetadataBatch();
        byte[] key = new byte[1 + VolumeId.Size];
        key[0] = (byte)Table.Check;
        Volume.Write(key.AsSpan(1));
        batch.Put(key, [9, 9, 9]);
        metadata.Commit(batch);
        Assert.Equal(CheckRecord.Empty, ledger.Read(Volume));
        ledger.AddCheck(Volume, Report(4, []));
        Assert.Equal(4, ledger.Read(Volume).Finished.ChunkCount);
    }

    private static CheckReport Report(long chunks, string[] lost) => new(
        chunks, chunks, 1000, 0, 0, lost.Length, 0, 0, [.. lost.Select(path => new AffectedPath(path, "damaged"))], lost.Length, []);
}
