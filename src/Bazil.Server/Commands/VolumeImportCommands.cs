using Bazil.Core;
using Bazil.FileSystem.Snapshots;
using Bazil.Server.Collection;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Cas;

namespace Bazil.Server.Commands;

/// <summary>
/// <c>bazil volume import</c>: a new volume with all that a snapshot has. Only directories are read; content is taken over by its manifests and
/// stays where it is.
/// </summary>
internal sealed class VolumeImportCommands(
    ConfigStore config, Descriptions descriptions, VolumeRegistry volumes, StoragePool pool, VolumeStorageCommands storages, GarbageCollector collector, IEntropy entropy)
{
    public void Register(ControlDispatcher dispatcher) => dispatcher.Add(ControlMethods.VolumeImport, ImportAsync);

    private async Task<VolumeInfo> ImportAsync(VolumeImportRequest request, CancellationToken cancel)
    {
        if (!SnapshotKey.TryParse(request.Snapshot, out SnapshotKey key))
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"invalid snapshot key \"{request.Snapshot}\": it is 64 hex digits", "bazil snapshot list VOLUMENAME shows the keys where the snapshots are");
        }

        StorageAddress.CheckNoPassword(request.Storage);
        if (!StorageAddress.TryParse(request.Storage, out StorageAddress? address) || !address.IsOnThisMachine)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"invalid backend \"{request.Storage}\": a volume is written to local, or to an absolute path", "other storages get copies in the background: bazil volume storage add VOLUMENAME STORAGE");
        }

        volumes.CheckOutsideMounts(address);
        _ = pool.Open(address, mayCreate: true);
        VolumeConfig volume = config.AddVolume(
            request.Volume, VolumeId.Random(entropy), request.SharingKey, new VolumeStorage("default", address), v => volumes.Create(v, isOwn: true), isImporting: true);
        try
        {
            foreach (string storage in request.Storages) await storages.AddAsync(new VolumeStorageAddRequest(volume.Name, null, storage, null), cancel);
            OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
            await collector.RunBetweenAsync(async () => await open.Volume.ImportAsync(await OpenSnapshotAsync(open, key, request, cancel), cancel), cancel);
            volume = config.UpdateVolume(volume.Name, static imported => imported with { IsImporting = false });
        }
        catch (Exception e)
        {
            // Half a volume is worse than none; its content stays where it is.
            await volumes.RemoveAsync(config.GetVolume(volume.Name), CancellationToken.None);
            throw Describe(e, request);
        }

        return descriptions.Of(volume);
    }

    private static async Task<Snapshot> OpenSnapshotAsync(OpenVolume open, SnapshotKey key, VolumeImportRequest request, CancellationToken cancel)
    {
        try
        {
            return await open.Volume.OpenSnapshotAsync(key, cancel);
        }
        catch (ChunkNotFoundException e)
        {
            throw new CommandFailedException(
                ErrorKind.NotFound,
                $"no storage of the new volume has snapshot {key} under sharing key {request.SharingKey}",
                "either the sharing key is another one (bazil sharing list), or the content lies elsewhere: name where with -storage STORAGE",
                e);
        }
    }

    private static Exception Describe(Exception e, VolumeImportRequest request) => e switch
    {
        ChunkNotFoundException => new CommandFailedException(
            ErrorKind.NotFound, $"a directory of snapshot {request.Snapshot} is missing: {e.Message}", "name the other storages that have parts of it with -storage STORAGE", e),
        WireFormatException => new CommandFailedException(ErrorKind.Damaged, $"snapshot {request.Snapshot} is damaged, or of a newer version: {e.Message}", "import an older snapshot", e),
        OldEpochException => new CommandFailedException(
            ErrorKind.Denied, $"snapshot {request.Snapshot} cannot be rebuilt with one sharing key: {e.Message}", "import a snapshot from before the rotation, or one from after all content was sealed anew", e),
        _ => e,
    };
}
