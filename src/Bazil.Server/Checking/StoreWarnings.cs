using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;

namespace Bazil.Server.Checking;

/// <summary>What a person should know of the disks: stores that take no changes or found damage, volumes that are read-only for it. Safe for concurrent use.</summary>
internal sealed class StoreWarnings(ConfigStore config, VolumeRegistry volumes, StoragePool storages)
{
    private const string Restart = "look at the disk and the log of the kernel; then stop the server and start it again";
    private const string Repair = "if it is a row of the database, stop the server and rebuild it: bazil server repair; if it is a snapshot, remove that";

    public async Task<IReadOnlyList<WarningInfo>> ListAsync(CancellationToken cancel)
    {
        var warnings = new List<WarningInfo>();
        foreach ((string name, IObjectStore store, IStoreHealth health) in storages.ListHealth())
        {
            if (health.Broken is { } broken) warnings.Add(new WarningInfo($"storage {name} takes no changes since a sync failed: {broken.Message}", Restart));
            List<StoreProblem> problems = await StandingAsync(store, health, cancel);
            if (problems.Count == 0) continue;
            string others = problems.Count > 1 ? $", and {problems.Count - 1} more" : "";
            warnings.Add(new WarningInfo($"something is wrong in storage {name}: {problems[0].Message}{others}", "find what is affected, and heal what can be healed: bazil check -read-data"));
        }

        foreach (VolumeStorage storage in config.ListVolumes().SelectMany(static volume => volume.Storages).Where(static storage => storage.Address.IsRemote).DistinctBy(static storage => storage.Address))
        {
            if (storages.OpenRemote(storage.Address).Packs.DamagedPacks is not [var first, ..] packs) continue;
            string others = packs.Count > 1 ? $", and {packs.Count - 1} more" : "";
            warnings.Add(new WarningInfo($"a pack in storage {storage.Name} cannot be read: {first}{others}", "see: bazil volume storage list; if the file is damaged, remove it there: machines that have its content send it again"));
        }

        foreach (VolumeConfig volume in config.ListVolumes())
        {
            if (volumes.Find(volume.Id)?.Volume is not { } open) continue;
            if (open.Damage is { } damage) warnings.Add(new WarningInfo($"something that volume {volume.Name} keeps is damaged: {damage}", Repair));
            else if (open.Failure is { } failure) warnings.Add(new WarningInfo($"volume {volume.Name} is read-only: {failure}", Restart));
        }

        return warnings;
    }

    /// <summary>Without what a crash explains, what was repaired, and objects that are there again.</summary>
    private static async Task<List<StoreProblem>> StandingAsync(IObjectStore store, IStoreHealth health, CancellationToken cancel)
    {
        var standing = new List<StoreProblem>();
        foreach (StoreProblem problem in health.Problems)
        {
            if (problem.Kind is StoreProblemKind.TornTail or StoreProblemKind.RebuiltIndex or StoreProblemKind.DamagedSegmentHeader) continue;
            if (problem is { Kind: StoreProblemKind.DamagedObject, Id: { } id } && await HasAsync(store, id, cancel)) continue;
            standing.Add(problem);
        }

        return standing;
    }

    private static async Task<bool> HasAsync(IObjectStore store, ObjectId id, CancellationToken cancel)
    {
        try
        {
            return await store.HasAsync(id, cancel);
        }
        catch (StoreException)
        {
            return false; // the disk does not answer: the problem stands
        }
    }
}
