using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;
using Bazil.Server.Hosting;
using Bazil.Server.Peers;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Volumes;

public sealed class VolumeRegistryTests : IDisposable
{
    private static readonly VolumeStorage LocalStorage = new("default", StorageAddress.Local);

    private readonly TempDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task A_volume_whose_import_was_cut_off_is_gone_after_the_next_start_and_cannot_be_mounted_before()
    {
        var directory = new DataDirectory(_root["data"]);
        var entropy = new SodiumEntropy();
        NodeDatabase.Create(directory);
        using NodeDatabase database = NodeDatabase.Open(directory);
        using SigningKey key = database.OpenSigningKey();
        using var keys = new SharingKeyRing(database.Config);
        await using var client = new PeerClient(new NodeIdentity(key, TimeProvider.System), new PeerAddressBook(database.Config), new PeerClientOptions(), TimeProvider.System, entropy, new PeerRuns(RunId.Random(entropy), TimeProvider.System, NullLogger<PeerRuns>.Instance));
        await using var storages = new StoragePool(directory, new PeerConnections(client, database.Config), database.Store, key, entropy, TimeProvider.System);
        await using var budget = new DirtyBudget();
        var factory = new VolumeFactory(
            database.Config, new VolumeEpochs(database.Store, keys), database.Store, storages, directory, key, budget, new ChunkCache(), TimeProvider.System, entropy, NullLogger<VolumeFactory>.Instance);
        await using var volumes = new VolumeRegistry(database.Config, factory, key.PeerId, NullLogger<VolumeRegistry>.Instance);
        database.Config.AddVolume("whole", VolumeId.Random(entropy), "default", LocalStorage, v => volumes.Create(v, isOwn: true));
        VolumeConfig half = database.Config.AddVolume("half", VolumeId.Random(entropy), "default", LocalStorage, v => volumes.Create(v, isOwn: true), isImporting: true);

        var refused = await Assert.ThrowsAsync<CommandFailedException>(() => volumes.MountAsync(half.Id, _root["mnt"], TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.Busy, refused.Kind);
        volumes.RemoveUnfinished();
        Assert.Equal(["whole"], database.Config.ListVolumes().Select(static volume => volume.Name));
        VolumeConfig again = database.Config.AddVolume("half", VolumeId.Random(entropy), "default", LocalStorage, v => volumes.Create(v, isOwn: true));
        Assert.Empty((await volumes.OpenAsync(again.Id, TestContext.Current.CancellationToken)).Volume.ListSnapshots());
    }
}
