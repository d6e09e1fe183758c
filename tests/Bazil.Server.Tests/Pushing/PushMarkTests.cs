using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Reachability;
using Bazil.Server.Pushing;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Tests.Pushing;

public sealed class PushMarkTests
{
    private static readonly VolumeId Volume = VolumeId.Random(new SodiumEntropy());
    private static readonly Guid Store = new("00112233445566778899aabbccddeeff");

    [Fact]
    public void Mark_is_kept_for_each_volume_and_store()
    {
        using var metadata = new MemoryMetadataStore();
        Assert.Null(PushMark.Read(metadata, Volume, Store));
        var mark = new PushMark(1_800_000_000, "epochs", 0xABCDEF0123456789, 3, ContentMark.None);
        mark.Commit(metadata, Volume, Store);
        Assert.Equal(mark, PushMark.Read(metadata, Volume, Store));
        Assert.Null(PushMark.Read(metadata, Volume, Guid.Empty));
        Assert.Null(PushMark.Read(metadata, VolumeId.Random(new SodiumEntropy()), Store));
        PushMark.Forget(metadata, Volume, Guid.Empty);
        Assert.NotNull(PushMark.Read(metadata, Volume, Store));
        PushMark.Forget(metadata, Volume, Store);
        Assert.Null(PushMark.Read(metadata, Volume, Store));
    }

    [Fact]
    public void Mark_of_another_version_counts_as_none_and_a_damaged_one_is_an_error()
    {
        using var metadata = new MemoryMetadataStore();
        new PushMark(1_800_000_000, "epochs", 1, 0, ContentMark.None).Commit(metadata, Volume, Store);
        (byte[] key, byte[] row) = Row(metadata);
        Replace(metadata, key, [1, .. row[1..]]);
        Assert.Null(PushMark.Read(metadata, Volume, Store));
        Replace(metadata, key, row[..^1]);
        Assert.Throws<WireFormatException>(() => PushMark.Read(metadata, Volume, Store));
    }

    private static (byte[] Key, byte[] Row) Row(MemoryMetadataStore metadata)
    {
        using IMetadataCursor cursor = metadata.ScanPrefix([(byte)Table.RemotePush]);
        Assert.True(cursor.MoveNext());
        return (cursor.Key.ToArray(), cursor.Value.ToArray());
    }

    private static void Replace(MemoryMetadataStore metadata, byte[] key, byte[] row)
    {
        var batch = new MetadataBatch();
        batch.Put(key, row);
        metadata.Commit(batch);
    }
}
