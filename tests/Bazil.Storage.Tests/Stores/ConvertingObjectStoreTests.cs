using System.Buffers;
using Bazil.Core;
using Bazil.Storage.Stores;
using Bazil.Storage.Tests.Contracts;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Stores;

public sealed class ConvertingObjectStoreTests : ObjectStoreContract, IDisposable
{
    private readonly TempDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    protected override ValueTask<IObjectStore> CreateAsync() =>
        ValueTask.FromResult<IObjectStore>(new ConvertingObjectStore(OpenOld(), new MemoryObjectStore("new")));

    [Fact]
    public async Task Everything_moves_and_nothing_stays_behind()
    {
        FilesObjectStore old = await FilledAsync(300);
        var target = new MemoryObjectStore("new");
        await using var store = new ConvertingObjectStore(old, target);

        ConversionProgress done = await store.MoveAsync(progress: null, Cancel);

        Assert.Equal((300, 30_000, 0), (done.Objects, done.Bytes, done.LeftObjects));
        Assert.Empty(await ListAsync(old));
        Assert.Equal(300, (await ListAsync(target)).Count);
        for (int number = 0; number < 300; number++) Assert.Equal(Bytes(number, 100), await ReadAsync(store, Id(number)));
    }

    [Fact]
    public async Task Objects_can_be_read_written_and_deleted_while_they_move()
    {
        await using var store = new ConvertingObjectStore(await FilledAsync(400), new MemoryObjectStore("new")) { BatchObjects = 32 };
        Task<ConversionProgress> moving = Task.Run(() => store.MoveAsync(progress: null, Cancel), Cancel);
        for (int number = 0; number < 400; number++)
        {
            switch (number % 4)
            {
                case 0: Assert.True(await store.DeleteAsync(Id(number), Cancel)); break;
                case 1: await store.PutAsync(Id(number), Bytes(number + 1, 50), Cancel); break;
                case 2: Assert.True(await store.HasAsync(Id(number), Cancel)); break;
                default: Assert.Equal(Bytes(number, 100), await ReadAsync(store, Id(number))); break;
            }
        }

        await moving;
        for (int number = 0; number < 400; number++)
        {
            byte[]? expected = (number % 4) switch { 0 => null, 1 => Bytes(number + 1, 50), _ => Bytes(number, 100) };
            Assert.Equal(expected, await ReadAsync(store, Id(number)));
        }
    }

    [Fact]
    public async Task Interrupted_move_goes_on_where_it_was()
    {
        FilesObjectStore old = await FilledAsync(300);
        await using var store = new ConvertingObjectStore(old, new MemoryObjectStore("new")) { BatchObjects = 100 };
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.MoveAsync(new Immediately(_ => stop.Cancel()), stop.Token));
        Assert.InRange((await ListAsync(old)).Count, 1, 299);
        Assert.Equal(300, (await ListAsync(store)).Count);

        await store.MoveAsync(progress: null, Cancel);

        Assert.Empty(await ListAsync(old));
        for (int number = 0; number < 300; number++) Assert.Equal(Bytes(number, 100), await ReadAsync(store, Id(number)));
    }

    [Fact]
    public async Task What_cannot_be_read_stays_and_is_counted()
    {
        var faulty = new FaultyObjectStore(await FilledAsync(10)) { IsUnreachable = true };
        await using var store = new ConvertingObjectStore(faulty, new MemoryObjectStore("new"));

        ConversionProgress done = await store.MoveAsync(progress: null, Cancel);

        Assert.Equal((0, 10), (done.Objects, done.LeftObjects));
        Assert.Contains("cannot be reached", done.Failure!.Message);
        Assert.Equal(10, (await ListAsync(faulty)).Count);
    }

    [Fact]
    public async Task Finished_conversion_asks_the_new_store_alone()
    {
        await using var store = new ConvertingObjectStore(await FilledAsync(10), new MemoryObjectStore("new"));
        Assert.False(await store.TryFinishAsync(Cancel));
        await store.MoveAsync(progress: null, Cancel);

        Assert.True(await store.TryFinishAsync(Cancel));

        Directory.Delete(_directory["old"], recursive: true);
        Assert.Equal(Bytes(3, 100), await ReadAsync(store, Id(3)));
        Assert.True(await store.DeleteAsync(Id(3), Cancel));
        Assert.Equal(9, (await ListAsync(store)).Count);
    }

    [Fact]
    public async Task What_a_power_cut_may_have_torn_stays_until_somebody_puts_it_again()
    {
        await using (FilesObjectStore before = FilesObjectStore.Open("old", _directory["old"], bootId: "b1"))
        {
            await before.PutAsync(Id(1), Bytes(1, 100), Cancel);
            Directory.CreateDirectory(_directory["copy"]);
            foreach (string path in Directory.EnumerateFiles(_directory["old"] + "/fresh-b1")) File.Copy(path, Path.Combine(_directory["copy"], Path.GetFileName(path)));
        }

        foreach (string path in Directory.EnumerateFiles(_directory["old"] + "/objects", "*", SearchOption.AllDirectories)) File.Delete(path);
        Directory.CreateDirectory(_directory["old"] + "/fresh-b1");
        foreach (string path in Directory.EnumerateFiles(_directory["copy"])) File.Move(path, Path.Combine(_directory["old"], "fresh-b1", Path.GetFileName(path)));
        await using var store = new ConvertingObjectStore(FilesObjectStore.Open("old", _directory["old"], bootId: "b2"), new MemoryObjectStore("new"));

        ConversionProgress done = await store.MoveAsync(progress: null, Cancel);
        Assert.Equal((0, 1), (done.Objects, done.LeftObjects));
        Assert.Contains("power cut", done.Failure!.Message);
        await store.PutAsync(Id(1), Bytes(1, 100), Cancel);
        Assert.Equal(1, (await store.MoveAsync(progress: null, Cancel)).Objects);
        Assert.True(await store.TryFinishAsync(Cancel));
    }

    [Fact]
    public async Task Full_disk_ends_the_move_and_loses_nothing()
    {
        var full = new FaultyObjectStore(new MemoryObjectStore("new")) { IsFull = true };
        await using var store = new ConvertingObjectStore(await FilledAsync(10), full);

        StoreException failure = await Assert.ThrowsAsync<StoreException>(() => store.MoveAsync(progress: null, Cancel));

        Assert.True(failure.IsDiskFull);
        for (int number = 0; number < 10; number++) Assert.Equal(Bytes(number, 100), await ReadAsync(store, Id(number)));
    }

    [Fact]
    public async Task Sync_that_meets_the_end_of_the_conversion_succeeds()
    {
        var old = new SlowToSync(OpenOld());
        await using var store = new ConvertingObjectStore(old, new MemoryObjectStore("new"));
        Task syncing = store.SyncAsync(Cancel).AsTask();
        Assert.True(await store.TryFinishAsync(Cancel));

        old.Goes.SetResult();

        await syncing;
    }

    private FilesObjectStore OpenOld() => FilesObjectStore.Open("old", _directory["old"]);

    private async Task<FilesObjectStore> FilledAsync(int count)
    {
        FilesObjectStore store = OpenOld();
        for (int number = 0; number < count; number++) await store.PutAsync(Id(number), Bytes(number, 100), Cancel);
        return store;
    }

    /// <summary>A files store whose syncs wait for a word before they begin.</summary>
    private sealed class SlowToSync(FilesObjectStore inner) : IObjectStore
    {
        public TaskCompletionSource Goes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => inner.Name;

        public ValueTask<IMemoryOwner<byte>?> GetAsync(ObjectId id, CancellationToken cancel) => inner.GetAsync(id, cancel);

        public ValueTask PutAsync(ObjectId id, ReadOnlyMemory<byte> buffer, CancellationToken cancel) => inner.PutAsync(id, buffer, cancel);

        public ValueTask<bool> HasAsync(ObjectId id, CancellationToken cancel) => inner.HasAsync(id, cancel);

        public ValueTask<bool> DeleteAsync(ObjectId id, CancellationToken cancel) => inner.DeleteAsync(id, cancel);

        public IAsyncEnumerable<ObjectId> ListAsync(CancellationToken cancel) => inner.ListAsync(cancel);

        public async ValueTask SyncAsync(CancellationToken cancel)
        {
            await Goes.Task;
            await inner.SyncAsync(cancel);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class Immediately(Action<ConversionProgress> report) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => report(value);
    }
}
