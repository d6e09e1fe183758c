using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.Server.Tests.Storages;

public sealed class PeerMarksTests : IDisposable
{
    private static readonly byte[] _store = new byte[PeerFossils.IdBytes];

    private readonly SigningKey _key = SigningKey.Generate(new SodiumEntropy());
    private readonly MemoryMetadataStore _metadata = new();
    private readonly ManualTime _time = new();
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
            if (run > 0) await Assert.ThrowsAsync<IOException>(() => marks.RenewAsync([.. _there], PutAsync, static _ => throw new IOException("the connection is gone"), TestContext.Current.CancellationToken));
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
        await Assert.ThrowsAnyAsync<IOException>(() => Open(_metadata).RenewAsync([.. _there], mark => FailAsync(mark, arrives), DiscardAsync, TestContext.Current.CancellationToken));
        _metadata.LoseUnsynced(new Random(1));
        PeerMarks marks = Open(_metadata);
        marks.Look(_there);
        Assert.False(marks.AreRowsOld);
        await RenewAsync(marks);
        marks.Look([Assert.Single(_there)]);
        Assert.False(marks.AreRowsOld);
    }

    [Fact]
    public async Task Backup_from_before_the_first_put_of_a_run_is_known_by_the_mark()
    {
        await RenewAsync(Open(_metadata));
        using MemoryMetadataStore backup = Copy(_metadata);
        await RequireAsync(Open(_metadata));
        Assert.Equal(0, CountOf(backup, _there));

        PeerMarks restored = Open(backup);
        await RequireAsync(restored); // it puts something before it collects
        restored.Look(_there);
        Assert.True(restored.AreRowsOld);
        int count = _there.Count;
        _time.Advance(TimeSpan.FromDays(1));
        await RequireAsync(restored); // what shows it stays
        Assert.Equal(count, _there.Count);

        PeerMarks newest = Open(_metadata);
        newest.Look(_there.Where(mark => CountOf(backup, [mark]) == 0).ToList());
        Assert.False(newest.AreRowsOld);
    }

    [Fact]
    public async Task Mark_is_renewed_within_a_run_once_an_hour_and_when_something_new_counts_on_the_peer()
    {
        PeerMarks marks = Open(_metadata);
        await RequireAsync(marks);
        ObjectId first = Assert.Single(_there);
        _time.Advance(TimeSpan.FromMinutes(59));
        await RequireAsync(marks);
        Assert.Equal(first, Assert.Single(_there));
        _time.Advance(TimeSpan.FromMinutes(2));
        await RequireAsync(marks);
        ObjectId second = Assert.Single(_there);
        Assert.NotEqual(first, second);
        await RequireAsync(marks);
        Assert.Equal(second, Assert.Single(_there));
        marks.Expire();
        await RequireAsync(marks);
        Assert.NotEqual(second, Assert.Single(_there));

        // The marks of a run are never those of one before, though that one died while it put it.
        await Assert.ThrowsAsync<StoreException>(async () => await Open(_metadata).RequireAsync(mark => FailAsync(mark), DiscardAsync, TestContext.Current.CancellationToken));
        using MemoryMetadataStore backup = Copy(_metadata);
        await RequireAsync(Open(_metadata));
        PeerMarks restored = Open(backup);
        restored.Look(_there);
        Assert.True(restored.AreRowsOld);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Put_waits_for_a_mark_that_did_not_arrive_and_a_death_then_is_no_restore(bool arrives)
    {
        PeerMarks marks = Open(_metadata);
        await RenewAsync(marks);
        marks.Expire();
        Task FailingAsync(ObjectId mark)
        {
            Assert.Equal(0, _metadata.UnsyncedCount); // before the peer knows it
            return FailAsync(mark, arrives);
        }

        for (int attempt = 0; attempt < 100; attempt++) await Assert.ThrowsAsync<StoreException>(async () => await marks.RequireAsync(FailingAsync, DiscardAsync, TestContext.Current.CancellationToken));
        _metadata.LoseUnsynced(new Random(1));
        marks = Open(_metadata);
        marks.Look(_there);
        Assert.False(marks.AreRowsOld);

        await marks.RequireAsync(PutAsync, static _ => throw new StoreException("the connection is gone"), TestContext.Current.CancellationToken);
        await RequireAsync(marks); // is there, though the ones before could not be taken back
        marks.Look(_there);
        Assert.False(marks.AreRowsOld);
        await RenewAsync(marks);
        Assert.Single(_there);
    }

    /// <summary>The rows know the mark since it was begun, and so does a backup of them from then on.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Backup_that_knows_a_mark_which_did_not_arrive_is_known_by_another_mark(bool isExpired)
    {
        PeerMarks marks = Open(_metadata);
        await Assert.ThrowsAsync<StoreException>(async () => await marks.RequireAsync(mark => FailAsync(mark), DiscardAsync, TestContext.Current.CancellationToken));
        using MemoryMetadataStore backup = Copy(_metadata);
        if (isExpired) marks.Expire();
        else _time.Advance(TimeSpan.FromMinutes(61));
        await RequireAsync(marks);
        PeerMarks restored = Open(backup);
        restored.Look(_there);
        Assert.True(restored.AreRowsOld);
        marks.Look(_there);
        Assert.False(marks.AreRowsOld);
    }

    [Theory]
    [InlineData(61)]
    [InlineData(-61)]
    public async Task Mark_is_renewed_after_the_machine_slept(int minutes)
    {
        PeerMarks marks = Open(_metadata);
        await RequireAsync(marks);
        ObjectId first = Assert.Single(_there);
        _time.SetClock(TimeSpan.FromMinutes(minutes)); // the other clock stood still
        await RequireAsync(marks);
        Assert.NotEqual(first, Assert.Single(_there));
    }

    private Task FailAsync(ObjectId mark, bool arrives = false)
    {
        if (arrives && !_there.Contains(mark)) _there.Add(mark);
        throw new StoreException("the connection is gone");
    }

    /// <summary>How many of some marks are in the rows.</summary>
    private static int CountOf(MemoryMetadataStore metadata, IReadOnlyList<ObjectId> marks)
    {
        using IMetadataCursor cursor = metadata.Scan([], []);
        int count = 0;
        while (cursor.MoveNext())
        {
            byte[] row = cursor.Value.ToArray();
            count += marks.Count(mark => row.AsSpan().IndexOf(mark.Span) >= 0);
        }

        return count;
    }

    private PeerMarks Open(MemoryMetadataStore metadata) => new(metadata, _store, _key.PeerId, new SodiumEntropy(), _time);

    private Task RenewAsync(PeerMarks marks) => marks.RenewAsync([.. _there], PutAsync, DiscardAsync, TestContext.Current.CancellationToken);

    private async Task RequireAsync(PeerMarks marks) => await marks.RequireAsync(PutAsync, DiscardAsync, TestContext.Current.CancellationToken);

    private Task DiscardAsync(IReadOnlyList<ObjectId> marks)
    {
        _there.RemoveAll(marks.Contains);
        return Task.CompletedTask;
    }

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
