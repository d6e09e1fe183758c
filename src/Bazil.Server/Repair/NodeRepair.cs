using System.Globalization;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Repair;
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
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Unix;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Repair;

/// <summary>
/// Repairs the database of a data directory that no server uses: reads what can be read of it into a new database, rebuilds each volume there,
/// and puts the new one in its place when all is done and durable. The damaged one is only read, and kept under another name. May be
/// interrupted at any point and run again.
/// </summary>
public static class NodeRepair
{
    private const string Repaired = ".repaired-", Scratch = ".scratch-", Damaged = ".damaged-";

    /// <exception cref="CommandFailedException">A server runs, or the node's identity or configuration is lost. Nothing was changed.</exception>
    /// <exception cref="IOException">The disk failed or is full. Nothing was changed.</exception>
    public static async Task<NodeRepairReport> RunAsync(DataDirectory directory, TimeProvider time, CancellationToken cancel)
    {
        directory.RequireExists();
        using LockFile held = LockFile.TryAcquire(directory.Lock, out int holder)
            ?? throw new CommandFailedException(ErrorKind.Busy, $"a server is running (pid {holder})", "stop it first");
        string source = FindDatabase(directory);
        string stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        RemoveLeftovers(directory);
        string repaired = directory.Metadata + Repaired + stamp;
        try
        {
            MetadataSalvage salvage;
            var volumes = new List<KeyValuePair<string, VolumeRepairReport>>();
            using (RocksDbMetadataStore store = RocksDbMetadataStore.Create(repaired, time))
            {
                salvage = RocksDbSalvage.Run(source, directory.Metadata + Scratch + stamp, store);
                await RepairVolumesAsync(directory, store, salvage, volumes, time, cancel);
                store.Sync();
            }

            string damaged = source;
            if (source == directory.Metadata)
            {
                damaged = directory.Metadata + Damaged + stamp;
                UnixFile.Rename(directory.Metadata, damaged, RenameMode.NoReplace);
            }

            UnixFile.Rename(repaired, directory.Metadata, RenameMode.NoReplace);
            DirectoryHandle.Sync(directory.Path);
            return new NodeRepairReport(salvage, volumes, damaged);
        }
        catch
        {
            RemoveLeftovers(directory);
            throw;
        }
    }

    /// <summary>The database, or, when a repair was cut off just before its end, the one that was moved aside last.</summary>
    private static string FindDatabase(DataDirectory directory)
    {
        if (Directory.Exists(directory.Metadata)) return directory.Metadata;
        string name = Path.GetFileName(directory.Metadata);
        return Directory.GetDirectories(directory.Path, name + Damaged + "*").Order(StringComparer.Ordinal).LastOrDefault()
            ?? throw new CommandFailedException(ErrorKind.NotFound, $"there is no database in {directory.Path}", "restore the data directory from a backup");
    }

    /// <summary>What an interrupted repair had made; never what was there before.</summary>
    private static void RemoveLeftovers(DataDirectory directory)
    {
        string name = Path.GetFileName(directory.Metadata);
        foreach (string pattern in (string[])[Repaired, Scratch])
        {
            foreach (string path in Directory.GetDirectories(directory.Path, name + pattern + "*")) Directory.Delete(path, recursive: true);
        }
    }

    private static async Task RepairVolumesAsync(
        DataDirectory directory, RocksDbMetadataStore store, MetadataSalvage salvage, List<KeyValuePair<string, VolumeRepairReport>> reports, TimeProvider time, CancellationToken cancel)
    {
        ConfigStore config = OpenConfig(store);
        using SigningKey key = NodeDatabase.OpenSigningKey(config);
        using var keys = new SharingKeyRing(config);
        var entropy = new SodiumEntropy();
        await using var client = new PeerClient(new NodeIdentity(key, time), new PeerAddressBook(config), new PeerClientOptions(), time, entropy, new PeerRuns(RunId.Random(entropy), time, NullLogger<PeerRuns>.Instance));
        await using var storages = new StoragePool(directory, new PeerConnections(client, config), store, key, entropy, TimeProvider.System);
        store.SyncFirst = storages.SyncFiles;
        await using var budget = new DirtyBudget();
        var factory = new VolumeFactory(
            config, new VolumeEpochs(store, keys), store, storages, directory, key, budget, new ChunkCache(), time, entropy, NullLogger<VolumeFactory>.Instance);
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            reports.Add(KeyValuePair.Create(volume.Name, await VolumeRepair.RunAsync(factory.OptionsOf(volume), salvage, cancel)));
        }

        store.SyncFirst = null;
    }

    private static ConfigStore OpenConfig(RocksDbMetadataStore store)
    {
        try
        {
            return ConfigStore.Open(store);
        }
        catch (CommandFailedException e)
        {
            throw new CommandFailedException(
                ErrorKind.Damaged, $"the configuration of this node is lost with the damage: {e.Message}", "nothing was changed; restore the data directory from a backup", e);
        }
    }
}
