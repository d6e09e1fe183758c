using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Stores;
using Bazil.Testing;

namespace Bazil.FileSystem.Tests.Live;

/// <summary>When reads wait for a store, and for how long.</summary>
public sealed class ContentWaitsTests
{
    private readonly ManualTime _time = new();
    private readonly ScriptedReach _reach = new();
    private readonly ContentWaits _waits;

    public ContentWaitsTests() => _waits = new ContentWaits(_reach, _time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_whose_store_is_back_goes_on()
    {
        var content = new ScriptedContent { Before = Fail };
        Task<int> read = ReadAsync(content);
        Assert.False(read.IsCompleted);
        content.Before = static () => { };
        _reach.Return();
        Assert.Equal(1, await read);
        Assert.Equal(0, _reach.Watchers);
    }

    [Fact]
    public async Task Read_does_not_wait_longer_though_stores_come_and_go_all_the_time()
    {
        var content = new ScriptedContent();
        content.Before = () =>
        {
            _time.Advance(_reach.WaitMax / 2);
            _reach.Return();
            Assert.InRange(content.Reads, 1, 10);
            Fail();
        };
        await Assert.ThrowsAsync<StoreException>(() => ReadAsync(content));
        Assert.Equal(3, content.Reads); // its time begins when the first one has not been answered at once
    }

    [Fact]
    public async Task So_many_reads_wait_and_more_fail_at_once()
    {
        var content = new ScriptedContent { Before = Fail };
        Task<int>[] reads = [.. Enumerable.Range(0, Limits.WaitingReadsMax).Select(_ => ReadAsync(content))];
        Task<int> further = ReadAsync(content);
        Assert.True(further.IsFaulted);
        await Assert.ThrowsAsync<StoreException>(() => further);
        Assert.DoesNotContain(reads, static read => read.IsCompleted);

        // Their places are free again.
        content.Before = static () => { };
        _reach.Return();
        Assert.All(await Task.WhenAll(reads), static count => Assert.Equal(1, count));
        content.Before = Fail;
        Task<int> next = ReadAsync(content);
        Assert.False(next.IsCompleted);
        _time.Advance(_reach.WaitMax);
        await Assert.ThrowsAsync<StoreException>(() => next);
    }

    [Fact]
    public async Task Nobody_waits_again_for_what_a_read_has_waited_for_in_vain_and_all_wait_for_another_store()
    {
        var content = new ScriptedContent { Before = Fail };
        _reach.Away = ["far"];
        Task<int> first = ReadAsync(content);
        _time.Advance(_reach.WaitMax);
        await Assert.ThrowsAsync<StoreException>(() => first);
        Assert.True(ReadAsync(content).IsFaulted);

        _reach.Away = ["far", "disk"];
        Task<int> second = ReadAsync(content);
        Assert.False(second.IsCompleted);
        _reach.Away = ["far"];
        content.Before = static () => { };
        _reach.Return();
        Assert.Equal(1, await second);
    }

    private static void Fail() => throw new StoreException("far is away") { IsUnreachable = true };

    private Task<int> ReadAsync(ScriptedContent content) => _waits.ReadAsync(ContentUse.ReadOf(default(InodeId), 0), content, static (content, _) => content.ReadAsync(), Cancel).AsTask();

    private sealed class ScriptedContent
    {
        public int Reads { get; private set; }

        /// <summary>What a read meets.</summary>
        public Action Before { get; set; } = static () => { };

        public ValueTask<int> ReadAsync()
        {
            Reads++;
            try
            {
                Before();
                return new(1);
            }
            catch (StoreException e)
            {
                return ValueTask.FromException<int>(e);
            }
        }
    }
}
