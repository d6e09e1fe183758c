using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Tests.Storages;

public sealed class PeerMarksTests : IDisposable
{
    private static readonly byte[] _store = new byte[PeerFossils.IdBytes];

    private readonly SigningKey _key = SigningKey.Generate(new SodiumEntropy());
    private readonly MemoryMetadataStore _metadata = new();
    private readonly List<ObjectId> _there = []; // at the peer

    public void Dispose()
    {
        _metadata.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task Mark_changes_with_each_collection_and_the_rows_know_it()
    {
        for (int run = 0; run < 3; run++)
        {
            PeerMarks marks = Open(_metadata);
            marks.Look(_there);
            Assert.False(marks.AreRowsOld);
            ObjectId[] before = [.. _there];
            await RenewAsync(marks);
            Assert.DoesNotContain(Assert.Single(_there), before);
            Assert.True(marks.IsMark(_there[0]));
            Assert.Equal(0, _metadata.UnsyncedCount);
        }
    }

    [Fact]
    public async Task Restored_rows_are_old_until_somebody_says_that_what_is_there_may_go()
    {
        await RenewAsync(Open(_metadata));
        using MemoryMetadataStore backup = Copy(_metadata);
        await RenewAsync(Open(_metadata));

        PeerMarks restored = Open(backup);
        restored.Look(_there);
        Assert.True(restored.AreRowsOld);
        restored = Open(backup); // in the next run, too
        restored.Look([]);
        Assert.True(restored.AreRowsOld);
        restored.Claim(_there);
        Assert.False(restored.AreRowsOld);
        await RenewAsync(restored);
        restored.Look([Assert.Single(_there)]);
        Assert.False(restored.AreRowsOld);

        // Rows that were lost altogether are, too.
        using var lost = new MemoryMetadataStore();
        PeerMarks anew = Open(lost);
        anew.Look(_there);
        Assert.True(anew.AreRowsOld);
    }

    [Fact]
    public async Task Mark_that_could_not_be_taken_back_is_still_known()
    {
        for (int run = 0; run < 3; run++)
        {
            PeerMarks marks = Open(_metadata);
            marks.Look(_there);
            Assert.False(marks.AreRowsOld);
            if (run > 0) await Assert.ThrowsAsync<IOException>(() => marks.RenewAsync([.. _there], new SodiumEntropy(), PutAsync, static _ => throw new IOException("the connection is gone")));
            else await RenewAsync(marks);
        }

        Assert.Equal(3, _there.Count);
        PeerMarks last = Open(_metadata);
        last.Look(_there);
        Assert.False(last.AreRowsOld);
        await RenewAsync(last);
        Assert.Single(_there);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Death_while_a_mark_is_put_is_no_restore(bool arrives)
    {
        await RenewAsync(Open(_metadata));
        await Assert.ThrowsAsync<IOException>(() => Open(_metadata).RenewAsync([.. _there], new SodiumEntropy(), mark =>
        {
            if (arrives) _there.Add(mark);
            throw new IOException("the connection is gone");
        }, static _ => Task.CompletedTask));
        _metadata.LoseUnsynced(new Random(1));
        PeerMarks marks = Open(_metadata);
        marks.Look(_there);
        Assert.False(marks.AreRowsOld);
        await RenewAsync(marks);
        marks.Look([Assert.Single(_there)]);
        Assert.False(marks.AreRowsOld);
    }

    private PeerMarks Open(MemoryMetadataStore metadata) => new(metadata, _store, _key.PeerId);

    private Task RenewAsync(PeerMarks marks) => marks.RenewAsync(
        [.. _there],
        new SodiumEntropy(),
        PutAsync,
        old =>
        {
            _there.RemoveAll(old.Contains);
            return Task.CompletedTask;
        });

    private Task PutAsync(ObjectId mark)
    {
        if (!_there.Contains(mark)) _there.Add(mark);
        return Task.CompletedTask;
    }

    private static MemoryMetadataStore Copy(MemoryMetadataStore from)
    {
        var copy = new MemoryMetadataStore();
        var batch = new MetadataBatch();
        using IMetadataCursor cursor = from.Scan([], []);
        while (cursor.MoveNext()) batch.Put(cursor.Key, cursor.Value);
        copy.Commit(batch);
        copy.Sync();
        return copy;
    }
}
