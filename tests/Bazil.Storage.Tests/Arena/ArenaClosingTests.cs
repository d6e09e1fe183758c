using Bazil.Storage.Arena;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Arena.Simulation;
using Bazil.Unix;
using static Bazil.Storage.Tests.Arena.ArenaFixture;

namespace Bazil.Storage.Tests.Arena;

/// <summary>What is asked of a store that is closed, or being closed.</summary>
public class ArenaClosingTests
{
    [Fact]
    public async Task Closed_store_answers_nothing_at_all()
    {
        using var arena = new ArenaFixture();
        ArenaStore store = arena.Open();
        await store.PutAsync(Id(1), Content(1, 100), default);
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.SyncAsync(default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.PutAsync(Id(1), Content(1, 100), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.PutAsync(Id(2), Content(2, 100), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync(Id(1), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync(Id(3), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.HasAsync(Id(1), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.SizeOfAsync(Id(1), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.DeleteAsync(Id(1), default));
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Object_whose_put_and_sync_returned_while_the_store_was_closed_is_there_afterwards()
    {
        using var arena = new ArenaFixture();
        for (int round = 0; round < 10; round++)
        {
            ArenaStore store = arena.Open();
            var there = new HashSet<int>();
            using var started = new CountdownEvent(4);
            Task[] writers = [.. Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
            {
                started.Signal();
                try
                {
                    for (int number = (((round * 4) + writer) * 10_000) + 1; ; number++)
                    {
                        await store.PutAsync(Id(number), Content(number, 500), default);
                        await store.SyncAsync(default);
                        lock (there) there.Add(number);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // This is how it ends.
                }
            }))];
            started.Wait(TestContext.Current.CancellationToken);
            await store.DisposeAsync();
            await Task.WhenAll(writers);
            await using ArenaStore again = arena.Open();
            Assert.Empty(again.Problems);
            foreach (int number in there) Assert.Equal(Content(number, 500), await ReadAsync(again, Id(number)));
        }
    }

    [Fact]
    public async Task Sync_beside_a_closing_that_fails_does_not_answer_success()
    {
        using var disk = new SimulatedDisk(new Random(1));
        ArenaStore store = ArenaStore.Open("arena", disk.Mount(), new ArenaOptions { RunsInBackground = false });
        await store.PutAsync(Id(1), Content(1, 100), default);
        disk.FailAfter(1, Errno.EIO);
        await Assert.ThrowsAsync<StoreException>(async () => await store.DisposeAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.SyncAsync(default));
    }
}
