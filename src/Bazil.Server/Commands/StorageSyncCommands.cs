using System.Collections.Concurrent;
using System.Diagnostics;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Fetching;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Commands;

/// <summary><c>bazil volume storage sync</c>.</summary>
internal sealed class StorageSyncCommands(ConfigStore config, VolumeRegistry volumes, StoragePool storages, IMetadataStore metadata)
{
    private readonly ConcurrentDictionary<string, Func<VolumeStorageSyncReply>> _running = new();

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumeStorageSync, SyncAsync);
        dispatcher.Add(
            ControlMethods.VolumeStorageSyncProgress,
            (request, _) => Task.FromResult(new VolumeStorageSyncProgressReply(_running.TryGetValue(request.Ticket, out Func<VolumeStorageSyncReply>? describe) ? describe() : null)));
    }

    private async Task<VolumeStorageSyncReply> SyncAsync(VolumeStorageSyncRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        StorageAddress from = Find(volume, request.From), to = Find(volume, request.To);
        if (from == to) throw new CommandFailedException(ErrorKind.Invalid, $"{request.From} and {request.To} are the same storage", $"see: bazil volume storage list {volume.Name}");
        var sync = new StorageSync(volume, await volumes.OpenAsync(volume.Id, cancel), storages.Open(from), storages.Open(to), metadata);
        var watch = Stopwatch.StartNew();
        VolumeStorageSyncReply Describe() => new(sync.Chunks, sync.CopiedChunks, sync.CopiedBytes, sync.AbsentChunks, sync.DamagedChunks, sync.Problem, watch.Elapsed.TotalSeconds);

        _running[request.Ticket] = Describe;
        try
        {
            await Task.Run(() => sync.RunAsync(cancel), cancel);
        }
        finally
        {
            _running.TryRemove(request.Ticket, out _);
        }

        return Describe();
    }

    /// <summary>A storage of the volume by its name; <c>local</c> is this node's own, used by the volume or not.</summary>
    private StorageAddress Find(VolumeConfig volume, string name)
    {
        if (StorageNames.Find(config, volume, name) is null && name == StorageAddress.Local.ToString()) return StorageAddress.Local;
        return StorageNames.Get(config, volume, name).Address;
    }
}
