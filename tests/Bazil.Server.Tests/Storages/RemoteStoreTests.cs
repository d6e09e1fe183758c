using System.Buffers;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;
using Bazil.Testing;
using Bazil.Unix;

namespace Bazil.Server.Tests.Storages;

public sealed class RemoteStoreTests : IDisposable
{
    private readonly TempDirectory _directory = new("remote");
    private readonly MemoryMetadataStore _metadata = new();
    private readonly ManualTime _time = new();
    private readonly SodiumEntropy _entropy = new();
    private readonly SigningKey _identity = SigningKey.Generate(new SodiumEntropy());
    private bool _isPlugged = true;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _identity.Dispose();
        _metadata.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task What_the_index_tells_is_told_while_a_disk_is_away_and_is_no_answer_of_it_and_the_disk_is_read_as_soon_as_it_was_met_again()
    {
        await using RemoteStore store = Open();
        await store.PutAsync(Id(1), new byte[100], Cancel);
        using (IMemoryOwner<byte>? waiting = await store.GetAsync(Id(1), Cancel)) Assert.Equal(100, waiting!.Memory.Length);
        await store.SyncAsync(Cancel);
        Assert.Null(await store.GetAsync(Id(2), Cancel));
        Assert.False(await store.HasAsync(Id(2), Cancel));
        Assert.Null(await store.SizeOfAsync(Id(2), Cancel));
        Assert.Equal(0, store.Meter.Answers);
        using (IMemoryOwner<byte>? read = await store.GetAsync(Id(1), Cancel)) Assert.Equal(100, read!.Memory.Length);
        Assert.Equal(1, store.Meter.Answers);

        _isPlugged = false;
        while (!store.IsBroken) await FailsAsync(store.GetAsync(Id(1), Cancel));
        Assert.True(await store.HasAsync(Id(1), Cancel));
        Assert.Equal(100, await store.SizeOfAsync(Id(1), Cancel));
        _time.Advance(Remotes.Limits.ListIntervalMin);
        await FailsAsync(store.HasAsync(Id(2), Cancel)); // nobody can tell any more
        while (!store.IsBroken) await FailsAsync(store.GetAsync(Id(1), Cancel));

        _isPlugged = true;
        await FailsAsync(store.GetAsync(Id(1), Cancel));
        await store.MeetAsync(Cancel);
        using (IMemoryOwner<byte>? read = await store.GetAsync(Id(1), Cancel)) Assert.Equal(100, read!.Memory.Length);
    }

    private static ObjectId Id(byte first) => new([first, .. new byte[ObjectId.Size - 1]]);

    private static async Task FailsAsync<T>(ValueTask<T> asked)
    {
        StoreException away = await Assert.ThrowsAsync<StoreException>(async () => await asked);
        Assert.True(away.IsUnreachable);
    }

    private RemoteStore Open() =>
        new(new PackStore(new DirectoryFolder("disk:blue", OpenDisk, "bazil", _entropy, _time), _metadata, _entropy, _time, _identity, mayMake: true), _time);

    private DirectoryHandle OpenDisk() => _isPlugged ? DirectoryHandle.Open(_directory.Path) : throw new StoreException("disk blue is not plugged in") { IsUnreachable = true };
}
