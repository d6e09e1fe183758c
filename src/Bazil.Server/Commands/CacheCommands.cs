using System.Collections.Concurrent;
using System.Diagnostics;
using Bazil.Core;
using Bazil.Server.Caching;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Fetching;
using Bazil.Server.Storages;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;

namespace Bazil.Server.Commands;

/// <summary><c>bazil evict</c>, <c>store cache</c> and <c>volume policy</c>: what may go from this machine, and when.</summary>
internal sealed class CacheCommands(EvictionParts parts, CacheKeeper cache, PolicyWatch policies)
{
    private readonly ConcurrentDictionary<string, EvictionRun> _running = new();

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.Evict, EvictAsync);
        dispatcher.Add(ControlMethods.EvictProgress, (request, _) => Task.FromResult(_running.TryGetValue(request.Ticket, out EvictionRun? run) ? new EvictProgressReply(run.Looked, run.EvictedBytes) : new EvictProgressReply(null, 0)));
        dispatcher.Add(ControlMethods.StoreCacheSet, (request, _) => Task.FromResult(Set(request)));
        dispatcher.Add(ControlMethods.StoreCacheShow, (_, _) => Task.FromResult(Describe()));
        dispatcher.Add(ControlMethods.VolumePolicySet, SetPolicyAsync);
        dispatcher.Add(ControlMethods.VolumePolicyShow, ShowPolicyAsync);
    }

    public CacheInfo Describe()
    {
        CacheSettings settings = parts.Config.ReadCache();
        CacheState state = cache.State;
        return new CacheInfo(
            settings.LimitBytes, settings.FreeBytes, state.UsedBytes, state.DiskFreeBytes, state.OverBytes, state.IsEvicting, state.EvictedBytes, state.Problem, state.RetryAt,
            [.. parts.Storages.Holds.List().Select(held => new HeldInfo(NameOf(held.Peer), held.Objects, Math.Max(0, held.LongestLeft.TotalSeconds)))]);
    }

    /// <summary>Of the volumes that were given a policy.</summary>
    public IReadOnlyList<PolicyInfo> DescribePolicies() => [.. parts.Config.ListVolumes().Where(static volume => volume.CopiesSet is not null).Select(Describe)];

    private async Task<EvictReply> EvictAsync(EvictRequest request, CancellationToken cancel)
    {
        ContentSelection[] selections = [.. request.Paths.Select(path => ContentSelection.Of(parts.Volumes, path))];
        var watch = Stopwatch.StartNew();
        var runs = new List<EvictionRun>();
        try
        {
            foreach (ContentSelection selection in selections)
            {
                IEnumerable<InodeId> files = selection.Volume.Volume.ListFiles(selection.Names) ?? throw new CommandFailedException(ErrorKind.NotFound, $"there is no {selection.Path} any more");
                var run = new EvictionRun(parts, new EvictionGoal { Volume = selection.Volume, Files = files, IsDryRun = request.DryRun }, Pace.Full);
                runs.Add(run);
                _running[request.Ticket] = run;
                await run.RunAsync(cancel);
            }
        }
        finally
        {
            _running.TryRemove(request.Ticket, out _);
        }

        return new EvictReply(
            request.DryRun, runs.Sum(static run => run.Looked), runs.Sum(static run => run.Report.Evicted.Objects), runs.Sum(static run => run.Report.Evicted.Bytes),
            Describe(runs.SelectMany(static run => run.Report.Kept)), watch.Elapsed.TotalSeconds);
    }

    private CacheInfo Set(CacheSetRequest request)
    {
        long? limit = request.Limit is { } text ? ByteSize.ParseOrOff(text) : null, free = request.Free is { } other ? ByteSize.ParseOrOff(other) : null;
        parts.Config.UpdateCache(old => old with { LimitBytes = request.Limit is null ? old.LimitBytes : limit, FreeBytes = request.Free is null ? old.FreeBytes : free });
        return Describe();
    }

    private async Task<PolicyInfo> SetPolicyAsync(PolicySetRequest request, CancellationToken cancel)
    {
        VolumeConfig changed = parts.Config.UpdateVolume(request.Volume, volume =>
        {
            string[]? required = request.Required is { } named ? [.. named.Select(name => NameOfCounted(volume, name)).Distinct(StringComparer.Ordinal)] : null;
            if (request.Copies is < 1 or > EvictionLimits.StoresMax) throw new CommandFailedException(ErrorKind.Invalid, $"{request.Copies} copies cannot be kept", $"give a number from 1 to {EvictionLimits.StoresMax}");
            return volume with { CopiesSet = new CopyPolicy(request.Copies ?? volume.Copies.Copies, required is null ? volume.Copies.Required : [.. required]) };
        });
        await policies.LookAsync(changed, Pace.Full, cancel);
        return Describe(changed);
    }

    private async Task<PolicyInfo> ShowPolicyAsync(VolumeRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = parts.Config.GetVolume(request.Volume);
        await policies.LookAsync(volume, Pace.Full, cancel);
        return Describe(volume);
    }

    private string NameOfCounted(VolumeConfig volume, string name)
    {
        VolumeStorage storage = StorageNames.Get(parts.Config, volume, name);
        if (!storage.Address.IsRemote && storage.Address is not StorageAddress.PeerStorage)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"a copy in storage {name} does not count: nobody looks after it", "require storages on other machines (sftp:, s3:), removable disks (disk:), or peers (peerkey:)");
        }

        return storage.Name;
    }

    private PolicyInfo Describe(VolumeConfig volume)
    {
        (PolicyCounts? counts, string? problem) = policies.Find(volume.Id);
        return new PolicyInfo(
            volume.Name, volume.Copies.Copies, volume.Copies.Required, volume.CopiesSet is not null, counts?.LookedAt, counts?.Objects.Objects ?? 0, counts?.Below.Objects ?? 0, counts?.Below.Bytes ?? 0, counts?.Unknown.Objects ?? 0,
            counts?.UnreadContents ?? 0, Describe(counts?.Reasons ?? new Dictionary<string, ObjectTotals>()), problem);
    }

    private static IReadOnlyList<KeptInfo> Describe(IEnumerable<KeyValuePair<string, ObjectTotals>> kept) =>
    [
        .. kept.GroupBy(static entry => entry.Key, static entry => entry.Value)
            .Select(static group => new KeptInfo(group.Key, group.Sum(static totals => totals.Objects), group.Sum(static totals => totals.Bytes))).OrderByDescending(static info => info.Bytes),
    ];

    private string NameOf(PeerId peer) => parts.Config.FindPeer(peer)?.DisplayName ?? peer.ToString();
}
