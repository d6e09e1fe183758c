using System.Diagnostics;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.Remotes.Packs;
using Bazil.Server.Collection;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Storage.Collection;

namespace Bazil.Server.Commands;

/// <summary><c>bazil gc</c>.</summary>
internal sealed class GarbageCommands(ConfigStore config, GarbageCollector collector)
{
    public void Register(ControlDispatcher dispatcher) => dispatcher.Add(ControlMethods.Gc, CollectAsync);

    private async Task<GcReply> CollectAsync(GcRequest request, CancellationToken cancel)
    {
        var watch = Stopwatch.StartNew();
        PackRemoval removal = request.Restored ? PackRemoval.All : request.Elsewhere ? PackRemoval.Own : PackRemoval.None;
        (GarbageReport report, IReadOnlyList<IElsewhereCollection> elsewhere) = await collector.RunAsync(request.DryRun, removal, Pace.Full, cancel);
        SweepReport sweep = report.Sweep;
        return new GcReply(
            request.DryRun,
            removal != PackRemoval.None,
            report.Generation,
            Of(sweep.Found),
            Of(sweep.Deleted),
            Of(sweep.Fossilised),
            Of(sweep.Waiting),
            Of(sweep.Restored),
            [.. report.Blocked.SelectMany(static entry => entry.Agreement.Behind.Select(member => (entry.Volume, entry.Agreement, member))).Select(BlockerOf)],
            [.. report.Unheard.SelectMany(static entry => entry.Agreement.Behind.Select(member => (entry.Volume, entry.Agreement, member))).Select(BlockerOf)],
            [.. report.Unreadable.Select(UnreadableOf)],
            report.Restarted,
            [.. report.Unreadable.Count > 0 ? [] : elsewhere.Select(StoreOf)],
            watch.Elapsed.TotalSeconds);
    }

    private GcBlockerInfo BlockerOf((CollectedVolume Volume, MemberAgreement Agreement, PeerId Member) blocker)
    {
        string member = config.FindPeer(blocker.Member)?.DisplayName ?? blocker.Member.ToString();
        DateTimeOffset? since = blocker.Agreement.Since == default ? null : blocker.Agreement.Since.ToDateTimeOffset();
        return new GcBlockerInfo(
            blocker.Volume.Name,
            member,
            since,
            $"let it sync, then: bazil volume sync {blocker.Volume.Name} {member}; if it is gone for good: bazil peer volume deny {member} {blocker.Volume.Name}");
    }

    private GcStoreInfo StoreOf(IElsewhereCollection store)
    {
        SweepReport sweep = store.Sweep;
        PackPlan plan = store.Plan;
        return new GcStoreInfo(
            string.Join(", ", store.Names),
            store.Address,
            Of(sweep.Found),
            Of(sweep.Deleted),
            Of(sweep.Fossilised),
            Of(sweep.Waiting),
            Of(sweep.Restored),
            new GcPlanInfo(plan.Packs, plan.Bytes, plan.MoveBytes, plan.Requests),
            store.Done is { } done ? Of(done, store) : null,
            store.Problem);
    }

    private GcReclaimInfo Of(PackReclaim done, IElsewhereCollection store) => new(
        done.RemovedPacks, done.RemovedBytes, done.MovedObjects, done.MovedBytes, done.WaitingPacks, done.WaitingBytes, done.Since, [.. done.Blockers.Select(blocker => Of(blocker, store))], done.Problems);

    private GcNodeInfo Of(PackBlocker blocker, IElsewhereCollection store)
    {
        VolumeConfig? volume = config.ListVolumes().FirstOrDefault(volume => volume.Storages.Any(storage => storage.Address.ToString() == store.Address));
        string release = volume is null ? "" : $"; if it is gone for good: bazil volume storage release {volume.Name} {volume.Storages.First(storage => storage.Address.ToString() == store.Address).Name} {blocker.Node}";
        return new GcNodeInfo(config.FindPeer(blocker.Node)?.DisplayName ?? blocker.Node.ToString(), blocker.Problem, $"run there: bazil gc{release}");
    }

    private GcUnreadableInfo UnreadableOf(UnreadableContent content) => new(content.Volume, content.Path, content.Reason, NextStepFor(content));

    private string NextStepFor(UnreadableContent content)
    {
        if (content.Path.Length == 0) return $"make it usable again, or remove it: bazil volume remove {content.Volume}";
        if (content.Member is not { } peer) return $"find out what is damaged: bazil check {content.Volume}; connect a storage or peer that has it, or remove what is lost";
        string member = config.FindPeer(peer)?.DisplayName ?? peer.ToString();
        return $"let {member} sync, or remove that snapshot there; if it is gone for good: bazil peer volume deny {member} {content.Volume}";
    }

    private static GcTotals Of(ObjectTotals totals) => new(totals.Objects, totals.Bytes);
}
