using System.Buffers;
using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Nodes;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Server.Pinning;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Testing;
using Bazil.Unix;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Pinning;

/// <summary>A volume with pinned content that only a disk has, which is there or not as a test says.</summary>
public sealed class PinKeeperTests : IAsyncDisposable
{
    private readonly TempDirectory _root = new();
    private readonly ManualTime _time = new();
    private readonly SodiumEntropy _entropy = new();
    private readonly MemoryMetadataStore _metadata = new(); // of the disk
    private readonly SigningKey _identity = SigningKey.Generate(new SodiumEntropy());
    private readonly TestNode _node;
    private readonly RemoteStore _disk;
    private volatile bool _isPlugged = true;

    public PinKeeperTests()
    {
        _node = new TestNode(_root["data"], _time);
        Directory.CreateDirectory(_root["disk"]);
        _disk = new RemoteStore(new PackStore(new DirectoryFolder("disk:blue", OpenDisk, "bazil", _entropy, _time), _metadata, _entropy, _time, _identity, mayMake: true), _time);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _disk.DisposeAsync();
        _identity.Dispose();
        _metadata.Dispose();
        _root.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_could_not_be_had_comes_soon_after_the_store_is_back_however_long_the_wait_had_become(bool isMetByOthers)
    {
        OpenVolume volume = _node.AddVolume("files", VolumeId.Random(_entropy), isOwn: true);
        var name = FileName.Parse("file"u8);
        await TestNode.WriteAsync(volume.Volume, name, RandomNumberGenerator.GetBytes(300_000));
        Assert.True(volume.Volume.Pin([name]));
        int objects = await MoveToDiskAsync();
        Assert.True(objects > 2);
        _isPlugged = false;
        volume.Stores.Others = [_disk];
        volume.Reach.Follow();
        await using var keeper = new PinKeeper(volume, _node.Config, _time, _entropy, NullLogger.Instance);
        await AdvanceAsync(keeper, TimeSpan.FromSeconds(1), () => keeper.Progress.RetryAt - _time.GetUtcNow() > TimeSpan.FromSeconds(100));

        _isPlugged = true;
        DateTimeOffset retryAt = keeper.Progress.RetryAt!.Value;
        if (isMetByOthers) await _disk.MeetAsync(Cancel);
        await AdvanceAsync(keeper, TimeSpan.FromMilliseconds(200), () => keeper.Progress.Phase == PinPhase.Complete);
        Assert.True(_time.GetUtcNow() < retryAt - TimeSpan.FromSeconds(50), $"it was tried again at {_time.GetUtcNow():T} only, and would have been at {retryAt:T}");
        Assert.Equal(objects, await CountAsync());
    }

    /// <summary>Moves the clock, but not while the keeper works.</summary>
    private async Task AdvanceAsync(PinKeeper keeper, TimeSpan step, Func<bool> isReached)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!isReached())
        {
            if (keeper.Progress.Phase == PinPhase.Waiting) _time.Advance(step);
            await timer.WaitForNextTickAsync(Cancel);
        }
    }

    private async Task<int> MoveToDiskAsync()
    {
        CollectingObjectStore local = _node.Storages.OpenLocal();
        List<ObjectId> ids = [];
        await foreach (ObjectId id in local.ListAsync(Cancel)) ids.Add(id);
        foreach (ObjectId id in ids)
        {
            using IMemoryOwner<byte>? content = await local.GetAsync(id, Cancel);
            await _disk.PutAsync(id, content!.Memory, Cancel);
        }

        await _disk.SyncAsync(Cancel);
        foreach (ObjectId id in ids) await local.DeleteAsync(id, Cancel);
        return ids.Count;
    }

    private async Task<int> CountAsync()
    {
        int count = 0;
        await foreach (ObjectId _ in _node.Storages.OpenLocal().ListAsync(Cancel)) count++;
        return count;
    }

    private DirectoryHandle OpenDisk() => _isPlugged ? DirectoryHandle.Open(_root["disk"]) : throw new StoreException("disk blue is not plugged in") { IsUnreachable = true };
}
