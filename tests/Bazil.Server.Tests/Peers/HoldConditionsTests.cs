using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;
using Bazil.Server.Peers;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Eviction;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Peers;

/// <summary>A node with a real database and store, asked to hold an object that it has.</summary>
public sealed class HoldConditionsTests : IAsyncDisposable
{
    private static readonly VolumeStorage LocalStorage = new("default", StorageAddress.Local);
    private static readonly PeerId _asker = PeerOf(1);
    private static readonly ObjectId _object = new([.. Enumerable.Repeat((byte)3, ObjectId.Size)]);

    private readonly TempDirectory _root = new();
    private readonly SodiumEntropy _entropy = new();
    private readonly NodeDatabase _database;
    private readonly SigningKey _key;
    private readonly SharingKeyRing _keys;
    private readonly PeerClient _client;
    private readonly StoragePool _storages;
    private readonly DirtyBudget _budget = new();
    private readonly VolumeRegistry _volumes;
    private readonly HoldGranter _granter;

    public HoldConditionsTests()
    {
        var directory = new DataDirectory(_root["data"]);
        NodeDatabase.Create(directory);
        _database = NodeDatabase.Open(directory);
        _key = _database.OpenSigningKey();
        _keys = new SharingKeyRing(Config);
        var runs = new PeerRuns(RunId.Random(_entropy), TimeProvider.System, NullLogger<PeerRuns>.Instance);
        _client = new PeerClient(new NodeIdentity(_key, TimeProvider.System), new PeerAddressBook(Config), new PeerClientOptions(), TimeProvider.System, _entropy, runs);
        _storages = new StoragePool(directory, new PeerConnections(_client, Config), _database.Store, _key, _entropy, TimeProvider.System);
        var factory = new VolumeFactory(
            Config, new VolumeEpochs(_database.Store, _keys), _database.Store, _storages, directory, _key, _budget, new ChunkCache(), TimeProvider.System, _entropy, NullLogger<VolumeFactory>.Instance);
        _volumes = new VolumeRegistry(Config, factory, _key.PeerId, NullLogger<VolumeRegistry>.Instance);
        _granter = new HoldGranter(_storages.OpenLocal(), _storages.Holds, _key.PeerId, new HoldConditions(Config, _volumes).AreMetAsync);
        Config.AddPeer(_asker);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ConfigStore Config => _database.Config;

    public async ValueTask DisposeAsync()
    {
        await _volumes.DisposeAsync();
        await _budget.DisposeAsync();
        await _storages.DisposeAsync();
        await _client.DisposeAsync();
        _keys.Dispose();
        _key.Dispose();
        _database.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task A_member_that_asks_about_what_is_known_here_has_it_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        Assert.False(known.IsEmpty);
        Assert.Equal(HoldAnswer.Held, await AskAsync(volume.Id, known));
        Assert.Equal([_object], _storages.Holds.ListObjects());
    }

    [Fact]
    public async Task A_volume_that_is_not_here_or_was_removed_keeps_nothing()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        await RefusesAsync(VolumeId.Random(_entropy), known);
        await _volumes.RemoveAsync(volume, Cancel);
        await RefusesAsync(volume.Id, known);
    }

    [Fact]
    public async Task A_volume_that_is_being_imported_keeps_nothing()
    {
        VolumeConfig half = Config.AddVolume("half", VolumeId.Random(_entropy), "default", LocalStorage, v => _volumes.Create(v, isOwn: true), isImporting: true);
        Allow(half);
        await RefusesAsync(half.Id, Knowledge.Empty);
    }

    [Fact]
    public async Task Who_is_no_member_or_may_not_use_the_volume_or_is_not_known_has_nothing_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        await _volumes.RemoveMemberAsync(volume.Id, _asker, Cancel);
        await RefusesAsync(volume.Id, known);

        await _volumes.AddMemberAsync(volume.Id, _asker, Cancel);
        Config.UpdatePeer(_asker, peer => peer with { Volumes = [] });
        await RefusesAsync(volume.Id, known);

        Config.RemovePeer(_asker);
        await RefusesAsync(volume.Id, known);
    }

    [Fact]
    public async Task Who_takes_this_node_to_know_more_than_it_does_has_nothing_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        (ReplicaId replica, ulong tick) = known.First();
        await RefusesAsync(volume.Id, known.With(new Version(tick + 1, replica)));
        await RefusesAsync(volume.Id, Knowledge.Of(new Version(1, ReplicaId.Random(_entropy))));
    }

    private static PeerId PeerOf(byte first) => new([first, .. new byte[PeerId.Size - 1]]);

    private async Task<(VolumeConfig Volume, Knowledge Known)> AddVolumeAsync()
    {
        VolumeConfig volume = Config.AddVolume("docs", VolumeId.Random(_entropy), "default", LocalStorage, v => _volumes.Create(v, isOwn: true));
        Allow(volume);
        await _volumes.AddMemberAsync(volume.Id, _asker, Cancel);
        (await _volumes.OpenAsync(volume.Id, Cancel)).Volume.Note(out Knowledge known);
        return (volume, known);
    }

    private void Allow(VolumeConfig volume) => Config.UpdatePeer(_asker, peer => peer with { Volumes = [volume.Id] });

    private async Task RefusesAsync(VolumeId volume, Knowledge known)
    {
        Assert.Equal(HoldAnswer.Absent, await AskAsync(volume, known));
        Assert.Empty(_storages.Holds.ListObjects());
    }

    private async Task<HoldAnswer> AskAsync(VolumeId volume, Knowledge known)
    {
        await _storages.OpenLocal().PutAsync(_object, new byte[10], Cancel);
        return Assert.Single(await _granter.HoldAsync(_asker, new HoldTicket(1), new HoldClaim(volume, known), [_object], Cancel));
    }
}
