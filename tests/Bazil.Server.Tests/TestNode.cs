using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;
using Bazil.Server.Peers;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Unix;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests;

/// <summary>A node without a daemon: a real database and store, and volumes.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly NodeDatabase _database;
    private readonly SigningKey _key;
    private readonly PeerClient _client;
    private readonly DirtyBudget _budget = new();

    /// <param name="path">Of the data directory, which is made.</param>
    /// <param name="time">Of the volumes.</param>
    public TestNode(string path, TimeProvider time)
    {
        _directory = new DataDirectory(path);
        var entropy = new SodiumEntropy();
        NodeDatabase.Create(_directory);
        _database = NodeDatabase.Open(_directory);
        _key = _database.OpenSigningKey();
        Keys = new SharingKeyRing(Config);
        Addresses = new PeerAddressBook(Config);
        _client = new PeerClient(new NodeIdentity(_key, TimeProvider.System), Addresses, new PeerClientOptions(), TimeProvider.System, entropy, new PeerRuns(RunId.Random(entropy), TimeProvider.System, NullLogger<PeerRuns>.Instance));
        Storages = new StoragePool(_directory, new PeerConnections(_client, Config), _database.Store, _key, entropy, TimeProvider.System);
        Epochs = new VolumeEpochs(_database.Store, Keys);
        var factory = new VolumeFactory(Config, Epochs, _database.Store, Storages, _directory, _key, _budget, new ChunkCache(), time, entropy, NullLogger<VolumeFactory>.Instance);
        Volumes = new VolumeRegistry(Config, factory, _key.PeerId, NullLogger<VolumeRegistry>.Instance);
    }

    public static VolumeStorage LocalStorage { get; } = new("default", StorageAddress.Local);

    public ConfigStore Config => _database.Config;

    public IMetadataStore Metadata => _database.Store;

    public PeerId Id => _key.PeerId;

    public SharingKeyRing Keys { get; }

    public PeerAddressBook Addresses { get; }

    public StoragePool Storages { get; }

    public VolumeEpochs Epochs { get; }

    public VolumeRegistry Volumes { get; }

    /// <summary>Where the objects of its own store lie.</summary>
    public string ObjectsPath => _directory.Objects;

    public OpenVolume AddVolume(string name, VolumeId id, bool isOwn)
    {
        Config.AddVolume(name, id, "default", LocalStorage, volume => Volumes.Create(volume, isOwn));
        return Volumes.OpenAsync(id, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Makes a file in the root of a volume, published when this returns.</summary>
    public static async Task WriteAsync(Volume volume, FileName name, byte[] content)
    {
        CreatedFile created = volume.CreateAndOpen(new NewNode { Parent = InodeId.Root, Name = name.Span, Kind = NodeKind.File, Mode = 0x1A4, UserId = 1000, GroupId = 1000, Content = ContentValue.Inline([], default) }, new FuseOpenMode(2)).Value;
        Assert.Equal(content.Length, (await volume.WriteAsync(created.Handle, 0, content, CancellationToken.None)).Value);
        Assert.Equal(Errno.OK, await volume.FlushAsync(created.Handle, CancellationToken.None));
        await volume.ReleaseAsync(created.Handle);
    }

    public async ValueTask DisposeAsync()
    {
        await Volumes.DisposeAsync();
        await Storages.DisposeAsync();
        await _client.DisposeAsync();
        await _budget.DisposeAsync();
        Keys.Dispose();
        _key.Dispose();
        _database.Dispose();
    }
}
