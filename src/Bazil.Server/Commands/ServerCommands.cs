using Bazil.Core;
using Bazil.Server.Checking;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;
using Bazil.Server.Snapshots;
using Bazil.Server.Storages;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil server ping</c>, <c>pubkey</c> and <c>status</c>.</summary>
internal sealed class ServerCommands(ConfigStore config, VolumeRegistry registry, Descriptions descriptions, DataDirectory directory, PeerId self, Func<string> address, CheckLedger checks, SnapshotNotes snapshots, StoreWarnings stores, SyncDescriptions sync, PinCommands pins, CacheCommands cache, Task started)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.Ping, PingAsync);
        dispatcher.Add(ControlMethods.PublicKey, (_, _) => Task.FromResult(new PublicKeyReply(self.ToString())));
        dispatcher.Add(ControlMethods.Status, (_, cancel) => StatusAsync(cancel));
    }

    /// <summary>Answers when the volumes are mounted again, so that a script can go on.</summary>
    private async Task<PingReply> PingAsync(Nothing request, CancellationToken cancel)
    {
        await started.WaitAsync(cancel);
        return new PingReply(ProductVersion.Text, Environment.ProcessId);
    }

    private async Task<StatusReply> StatusAsync(CancellationToken cancel)
    {
        VolumeInfo[] volumes = [.. config.ListVolumes().Select(descriptions.Of)];
        PeerInfo[] peers = [.. config.ListPeers().Select(descriptions.Of)];
        return new StatusReply(
            ProductVersion.Text, Environment.ProcessId, self.ToString(), directory.Path, address(), volumes, peers, [.. await stores.ListAsync(cancel), .. Warnings(volumes)], [.. CheckCommands.Summaries(config, checks)], sync.Of(null))
        {
            WaitingReads = [.. volumes.SelectMany(WaitingReads)], Pins = pins.States(), Cache = cache.Describe(), Policies = cache.DescribePolicies(),
        };
    }

    private IEnumerable<WaitingReadInfo> WaitingReads(VolumeInfo volume)
    {
        if (config.ListVolumes().FirstOrDefault(known => known.Name == volume.Name) is not { Id: var id } || registry.Find(id) is not { } open) return [];
        AskedStorageInfo[] asked = [.. volume.Storages.Where(static storage => storage.Health is not null).Select(static storage => new AskedStorageInfo(storage.Name, storage.Health!.Problem))];
        return open.Volume.ListWaitingReads().Select(read => new WaitingReadInfo(volume.Name, read.Path, read.Offset, read.IsChange ? "write" : "read", read.Since.TotalSeconds, open.Reach.WaitMax.TotalSeconds, asked));
    }

    private IEnumerable<WarningInfo> Warnings(VolumeInfo[] volumes)
    {
        foreach (VolumeInfo volume in volumes.Where(static v => v.Mountpoint is not null && !v.Mounted))
        {
            yield return new WarningInfo(
                $"volume {volume.Name} is not mounted on {volume.Mountpoint}, though it should be",
                $"try: bazil volume mount {volume.Name} {volume.Mountpoint}");
        }

        foreach (WarningInfo warning in volumes.SelectMany(static volume => volume.Keys.Warnings)) yield return warning;
        foreach (WarningInfo warning in snapshots.Warnings()) yield return warning;
        foreach (WarningInfo warning in sync.Warnings()) yield return warning;
        foreach ((VolumeInfo volume, StorageInfo storage) in volumes.SelectMany(static volume => volume.Storages.Select(storage => (volume, storage))))
        {
            // A disk that is not plugged in is no failure.
            if (storage.Copy is not { State: "waiting" or "away", Problem: { } problem } || (storage.Copy.State == "away" && storage.Storage.StartsWith("disk:", StringComparison.Ordinal))) continue;
            yield return new WarningInfo($"new content of volume {volume.Name} is not copied to storage {storage.Name}: {problem}", $"it is tried again by itself; see: bazil volume storage list {volume.Name}");
        }

        foreach (PinStateInfo pinned in pins.States().Where(static state => state.Problem is not null))
        {
            yield return new WarningInfo($"pinned content of volume {pinned.Volume} is not on this machine: {pinned.Problem}", "it is tried again by itself; attach the storages and connect the peers that have it");
        }

        if (cache.Describe() is { Problem: { } full, OverBytes: > 0 })
        {
            yield return new WarningInfo($"this node's own store is over its limit: {full}", "see what stays and why: bazil evict -dry-run PATH; add a storage, connect the peers, unpin, or give it more room: bazil store cache set -limit=SIZE");
        }

        foreach (PolicyInfo policy in cache.DescribePolicies().Where(static policy => policy.Below > 0 || policy.Problem is not null))
        {
            string what = policy.Problem is { } problem ? $"it could not be looked whether volume {policy.Volume} has enough copies: {problem}" : $"{policy.Below} objects of volume {policy.Volume} are below its policy: {policy.Reasons[0].Reason}";
            yield return new WarningInfo(what, $"attach its storages and connect its peers, or add a storage (bazil volume storage add {policy.Volume} STORAGE): copies are made by themselves; which lack, and why: bazil volume policy show {policy.Volume}");
        }

        foreach (VolumeConfig volume in config.ListVolumes())
        {
            CheckRecord check = checks.Read(volume.Id);
            CheckTotals totals = check.Finished.LostPathCount > 0 ? check.Finished : check.UnderWay;
            if (totals.LostPathCount > 0)
            {
                yield return new WarningInfo(
                    $"volume {volume.Name} has damaged or missing content in {totals.LostPathCount} files, among them {totals.FirstLostPath}",
                    $"attach the storages and connect the peers that may have it, then: bazil check -read-data {volume.Name}");
            }

            foreach (VolumeStorage storage in volume.Storages)
            {
                if (storage.Address is StorageAddress.UnreadableStorage)
                {
                    yield return new WarningInfo(
                        $"volume {volume.Name} does not use storage {storage.Name}: this version cannot read its address {storage.Address}",
                        $"bazil volume storage remove {volume.Name} {storage.Name}, and add it again");
                }

                if (storage.Address is not StorageAddress.PeerStorage { Peer: var id }) continue;
                if (config.FindPeer(id) is not { } peer)
                {
                    yield return new WarningInfo(
                        $"volume {volume.Name} has storage {storage.Name} at a peer that is not known any more",
                        $"bazil volume storage remove {volume.Name} {storage.Name}");
                }
                else if (peer.Locations.IsEmpty)
                {
                    yield return new WarningInfo(
                        $"volume {volume.Name} has storage {storage.Name} at peer {peer.DisplayName}, which has no location",
                        $"bazil peer location set {peer.DisplayName} HOST:PORT");
                }
            }
        }
    }
}
