using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;
using Bazil.Server.Peers;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Sync;

/// <summary>This node with its synchronisation and a clock of its own, and a peer with the same volume behind a connection that a test controls.</summary>
internal sealed class SyncRig : IAsyncDisposable
{
    private static readonly VolumeStorage LocalStorage = new("default", StorageAddress.Local);

    private readonly Side _here;
    private readonly Side _there;

    public SyncRig(string root, bool isAutomatic = true)
    {
        _here = new Side(Path.Combine(root, "here"), Time);
        _there = new Side(Path.Combine(root, "there"), Time);
        VolumeId id = VolumeId.Random(new SodiumEntropy());
        There = _there.Open(id, isOwn: true);
        There.AddMember(_here.Id);
        Here = _here.Open(id, isOwn: false);
        _here.Config.AddPeer(_there.Id);
        _here.Config.UpdatePeer(_there.Id, p => p with { Volumes = [id], Locations = ["192.0.2.1:1"], Nickname = "there" });
        Connection = new FakeConnection(_there.Id, There, _here.Id);
        Service = new SyncService(_here.Parts(Connection, Time) with { IsAutomatic = isAutomatic }, NullLogger<SyncService>.Instance);
    }

    public ManualTime Time { get; } = new();

    public Volume Here { get; }

    public Volume There { get; }

    public FakeConnection Connection { get; }

    public SyncService Service { get; }

    public ConfigStore Config => _here.Config;

    public SyncPair Pair => Service.Pairs.Single();

    public PeerId PeerId => _there.Id;

    /// <summary>Waits until the pair is as wanted.</summary>
    public async Task<SyncState> WaitForAsync(Func<SyncState, bool> isWanted, CancellationToken cancel)
    {
        while (true)
        {
            long revision = Service.Revision;
            if (Service.Pairs is [var pair] && isWanted(pair.State)) return pair.State;
            await Service.WhenChangedAsync(revision, cancel);
        }
    }

    /// <summary>Moves the clock in small steps until the peer is called. Returns how far it went.</summary>
    public async Task<TimeSpan> AdvanceToCallAsync(CancellationToken cancel)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(50), total = TimeSpan.Zero;
        Task<bool> called = Connection.CalledAsync(cancel).AsTask();
        while (!called.IsCompleted)
        {
            Time.Advance(step);
            total += step;

            await Task.Yield();
        }

        await called;
        return total;
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    private sealed class Side : IAsyncDisposable
    {
        private readonly NodeDatabase _database;
        private readonly SigningKey _key;
        private readonly SharingKeyRing _keys;
        private readonly PeerClient _client;
        private readonly StoragePool _storages;
        private readonly DirtyBudget _budget = new();
        private readonly VolumeEpochs _epochs;
        private readonly VolumeRegistry _volumes;
        private readonly PeerAddressBook _addresses;

        public Side(string path, TimeProvider time)
        {
            var directory = new DataDirectory(path);
            var entropy = new SodiumEntropy();
            NodeDatabase.Create(directory);
            _database = NodeDatabase.Open(directory);
            _key = _database.OpenSigningKey();
            _keys = new SharingKeyRing(Config);
            _addresses = new PeerAddressBook(Config);
            _client = new PeerClient(new NodeIdentity(_key, TimeProvider.System), _addresses, new PeerClientOptions(), TimeProvider.System, entropy, new PeerRuns(RunId.Random(entropy), TimeProvider.System, NullLogger<PeerRuns>.Instance));
            _storages = new StoragePool(directory, new PeerConnections(_client, Config), _database.Store, _key, entropy, TimeProvider.System);
            _epochs = new VolumeEpochs(_database.Store, _keys);
            var factory = new VolumeFactory(Config, _epochs, _database.Store, _storages, directory, _key, _budget, new ChunkCache(), time, entropy, NullLogger<VolumeFactory>.Instance);
            _volumes = new VolumeRegistry(Config, factory, _key.PeerId, NullLogger<VolumeRegistry>.Instance);
        }

        public ConfigStore Config => _database.Config;

        public PeerId Id => _key.PeerId;

        public Volume Open(VolumeId id, bool isOwn)
        {
            Config.AddVolume("files", id, "default", LocalStorage, v => _volumes.Create(v, isOwn));
            return _volumes.OpenAsync(id, CancellationToken.None).GetAwaiter().GetResult().Volume;
        }

        public SyncParts Parts(IPeerConnections connections, TimeProvider time) => new()
        {
            Config = Config,
            Volumes = _volumes,
            Epochs = _epochs,
            Notes = new KeyNotes(Config, _keys, NullLogger<KeyNotes>.Instance),
            Connections = connections,
            Addresses = _addresses,
            Port = static () => 0,
            Time = time,
            Entropy = new SodiumEntropy(),
            HeedsNetwork = false, // other tests make networks meanwhile
            Pulled = static () => { },
            Phrase = static text => text,
        };

        public async ValueTask DisposeAsync()
        {
            await _volumes.DisposeAsync();
            await _storages.DisposeAsync();
            await _client.DisposeAsync();
            await _budget.DisposeAsync();
            _keys.Dispose();
            _key.Dispose();
            _database.Dispose();
        }
    }
}
