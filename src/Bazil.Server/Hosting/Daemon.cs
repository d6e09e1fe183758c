using System.Net;
using System.Runtime.InteropServices;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Caching;
using Bazil.Server.Checking;
using Bazil.Server.Collection;
using Bazil.Server.Commands;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Pinning;
using Bazil.Server.Pushing;
using Bazil.Server.Secrets;
using Bazil.Server.Snapshots;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Hosting;

/// <summary>
/// The daemon: puts the parts together, runs until it is told to stop, and takes them apart in the opposite order. One for each data
/// directory; several may live in one process.
/// </summary>
public static class Daemon
{
    /// <summary>Runs until SIGTERM, SIGINT or cancellation. On return everything is unmounted and durable.</summary>
    /// <exception cref="CommandFailedException">It cannot start; the message says why.</exception>
    public static async Task RunAsync(DaemonOptions options, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stop);
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop);
        using var provider = new MessageLoggerProvider(options.Messages, options.LogLevel, options.Time);
        using ILoggerFactory logs = LoggerFactory.Create(builder => builder.SetMinimumLevel(options.LogLevel).AddProvider(provider));
        ILogger log = logs.CreateLogger(nameof(Daemon));

        using NodeDatabase database = NodeDatabase.Open(options.DataDirectory, failure => DaemonLog.DatabaseFailed(log, failure));
        using SigningKey key = database.OpenSigningKey();
        using var keys = new SharingKeyRing(database.Config);
        var entropy = new SodiumEntropy();
        var identity = new NodeIdentity(key, options.Time);

        var addresses = new PeerAddressBook(database.Config);
        var rates = new PeerRates(database.Config, options.Time);
        var meters = new PeerMeters(options.Time, rates.Of);
        var runs = new PeerRuns(RunId.Random(entropy), options.Time, logs.CreateLogger<PeerRuns>());
        await using var client = new PeerClient(identity, addresses, new PeerClientOptions(), options.Time, entropy, runs, meters);
        var connections = new PeerConnections(client, database.Config);
        await using var storages = new StoragePool(options.DataDirectory, connections, database.Store, key, entropy, options.Time);
        database.SyncFirst = storages.SyncFiles;
        await using var budget = new DirtyBudget();
        var epochs = new VolumeEpochs(database.Store, keys);
        var notes = new KeyNotes(database.Config, keys, logs.CreateLogger<KeyNotes>());
        var cache = new ChunkCache();
        var factory = new VolumeFactory(
            database.Config, epochs, database.Store, storages, options.DataDirectory, key, budget, cache, options.Time, entropy, logs.CreateLogger<VolumeFactory>());
        await using var volumes = new VolumeRegistry(database.Config, factory, key.PeerId, logs.CreateLogger<VolumeRegistry>());
        volumes.RemoveUnfinished();
        var nicknames = new PeerNicknames(database.Config);
        PeerServer? listening = null;
        RotationWorker? rotating = null;
        await using var sync = new SyncService(
            new SyncParts
            {
                Config = database.Config,
                Volumes = volumes,
                Epochs = epochs,
                Notes = notes,
                Connections = connections,
                Addresses = addresses,
                Port = () => listening?.Port ?? 0,
                Time = options.Time,
                Entropy = entropy,
                PullEnded = () => rotating?.Nudge(),
                IsAutomatic = options.SynchronisesByItself,
                Phrase = nicknames.In,
            },
            logs.CreateLogger<SyncService>());
        await using var server = listening = new PeerServer(
            identity,
            new PeerService(database.Config, volumes, storages, epochs, notes, sync),
            new PeerServerOptions { Endpoint = options.Endpoint, AnyPort = options.AnyPort },
            options.Time,
            entropy,
            logs.CreateLogger<PeerServer>(),
            runs,
            meters);
        await StartPeersAsync(server, options, stop.Token);

        var checker = new VolumeChecker(volumes, database.Store, entropy, options.Time);
        var checks = new CheckLedger(database.Store, options.Time);
        await using var scrubber = new Scrubber(database.Config, checker, checks, options.Scrub, options.Time, logs.CreateLogger<Scrubber>());
        await using var rotation = rotating = new RotationWorker(database.Config, epochs, volumes, options.Time, logs.CreateLogger<RotationWorker>());

        using var collector = new GarbageCollector(database.Config, database.Store, storages, volumes, key.PeerId, options.DataDirectory.Path, entropy, options.Time);
        await using var pushes = new PushService(new PushParts
        {
            Config = database.Config, Volumes = volumes, Storages = storages, Metadata = database.Store, Time = options.Time, Entropy = entropy, Log = logs.CreateLogger<PushService>(),
        });
        var eviction = new EvictionParts
        {
            Config = database.Config, Volumes = volumes, Storages = storages, Metadata = database.Store, Collector = collector, ScratchDirectory = options.DataDirectory.Path, Time = options.Time, Entropy = entropy,
        };
        await using var cacheKeeper = new CacheKeeper(eviction, options.DataDirectory.Path, logs.CreateLogger<CacheKeeper>());
        await using var policies = new PolicyWatch(eviction);
        var cacheCommands = new CacheCommands(eviction, cacheKeeper, policies);
        await using var pins = new PinService(database.Config, volumes, database.Store, options.Time, entropy, logs.CreateLogger<PinService>());
        var pinCommands = new PinCommands(database.Config, volumes, pins);
        var descriptions = new Descriptions(database.Config, volumes, epochs, notes, meters, pushes, storages);
        var syncDescriptions = new SyncDescriptions(sync, runs);
        var snapshotNotes = new SnapshotNotes(database.Config);
        var dispatcher = new ControlDispatcher { Phrase = nicknames.In };
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new ServerCommands(database.Config, volumes, descriptions, options.DataDirectory, key.PeerId, () => Text(server.Endpoint), checks, snapshotNotes, new StoreWarnings(database.Config, volumes, storages), syncDescriptions, pinCommands, cacheCommands, started.Task).Register(dispatcher);
        new SyncCommands(database.Config, sync, syncDescriptions, options.Time).Register(dispatcher);
        new MemoryCommands(database.Config, volumes, database, budget, cache).Register(dispatcher);
        new UsageCommands(volumes).Register(dispatcher);
        new ContentCommands(database.Config, volumes, storages, descriptions, options.Time).Register(dispatcher);
        pinCommands.Register(dispatcher);
        cacheCommands.Register(dispatcher);
        new CheckCommands(database.Config, checker, checks).Register(dispatcher);
        new SharingCommands(database.Config, epochs, volumes, rotation).Register(dispatcher);
        new SecretCommands(database.Config, new SecretStore(options.DataDirectory)).Register(dispatcher);
        new VolumeCommands(database.Config, epochs, descriptions, volumes, storages, connections, notes, rotation, sync, pushes, pins, entropy).Register(dispatcher);
        new RotationCommands(database.Config, epochs, descriptions, volumes, rotation).Register(dispatcher);
        var volumeStorages = new VolumeStorageCommands(database.Config, descriptions, volumes, storages, pushes);
        volumeStorages.Register(dispatcher);
        new StorageSyncCommands(database.Config, volumes, storages, database.Store).Register(dispatcher);
        new SnapshotCommands(database.Config, volumes, options.Time).Register(dispatcher);
        new HistoryCommands(volumes, database.Config).Register(dispatcher);
        new PendingCommands(database.Config, volumes).Register(dispatcher);
        new ConflictCommands(database.Config, volumes, new ConflictExports(options.DataDirectory, entropy)).Register(dispatcher);
        new TrashCommands(database.Config, volumes).Register(dispatcher);
        new VolumeImportCommands(database.Config, descriptions, volumes, storages, volumeStorages, collector, entropy).Register(dispatcher);
        var access = new PeerAccess(server, client);
        new PeerCommands(database.Config, descriptions, volumes, storages, access, rates, key.PeerId).Register(dispatcher);
        new MemberCommands(database.Config, volumes, access).Register(dispatcher);
        new GarbageCommands(database.Config, collector).Register(dispatcher);
        using var conversion = new StoreConversion(storages, options.DataDirectory);
        new StoreCommands(storages, conversion).Register(dispatcher);
        await using ControlServer control = await ControlServer.StartAsync(options.DataDirectory.ControlSocket, dispatcher, logs, stop.Token);

        await using var schedule = new CollectionSchedule(collector, options.Time, logs.CreateLogger<CollectionSchedule>());

        await using var snapshots = new SnapshotScheduler(database.Config, volumes, snapshotNotes, options.Time, logs.CreateLogger<SnapshotScheduler>());

        // Said last, so that whoever waits for it finds everything in place.
        await volumes.RemountAsync(stop.Token);
        sync.Start();
        pushes.Start();
        pins.Start();
        cacheKeeper.Start();
        policies.Start();
        started.SetResult();
        await options.Messages.WriteLineAsync($"bazil: Listening on {Text(server.Endpoint)}");
        var manager = new ServiceManager(options.NotifySocket);
        manager.Ready();
        await WaitAsync(stop.Token);
        manager.Stopping();
    }

    private static async Task StartPeersAsync(PeerServer server, DaemonOptions options, CancellationToken cancel)
    {
        try
        {
            await server.StartAsync(cancel);
        }
        catch (IOException e)
        {
            throw new CommandFailedException(
                ErrorKind.Failed, $"cannot listen on {Text(options.Endpoint)}: {e.Message}", "choose another address with: bazil server run -addr=[HOST]:PORT", e);
        }
    }

    private static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });

    private static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = stop.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <summary><c>[::]:34211</c> or <c>192.0.2.1:34211</c>.</summary>
    private static string Text(IPEndPoint endpoint) => endpoint.ToString();
}
