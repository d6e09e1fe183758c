using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil sync</c>, <c>volume pause</c>, <c>volume resume</c>, and what <c>status --watch</c> follows.</summary>
internal sealed class SyncCommands(ConfigStore config, SyncService sync, SyncDescriptions descriptions, TimeProvider time)
{
    /// <summary>Rounds of a sync that waits: what one peer brings has to go to the others, and while somebody writes there is no end of it.</summary>
    private const int RoundsMax = 16;

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumePause, (request, _) => Task.FromResult(Pause(request, isPaused: true)));
        dispatcher.Add(ControlMethods.VolumeResume, (request, _) => Task.FromResult(Pause(request, isPaused: false)));
        dispatcher.Add(ControlMethods.Sync, SyncAsync);
        dispatcher.Add(ControlMethods.SyncStatus, StatusAsync);
    }

    private Nothing Pause(VolumePauseRequest request, bool isPaused)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        if (request.Peer is null)
        {
            config.UpdateVolume(volume.Name, v => v with { IsPaused = isPaused });

            // Resuming a volume resumes it with everybody: whoever types it does not look for peers that were paused one by one.
            foreach (PeerConfig other in isPaused ? [] : config.ListPeers().Where(p => p.PausedVolumes.Contains(volume.Id))) Pause(other, volume.Id, isPaused: false);
            return Nothing.Instance;
        }

        PeerConfig peer = config.GetPeer(request.Peer);
        if (!peer.Volumes.Contains(volume.Id))
        {
            throw new CommandFailedException(ErrorKind.NotFound, $"peer {peer.DisplayName} does not have volume {volume.Name}", $"see: bazil volume show {volume.Name}");
        }

        if (!isPaused && volume.IsPaused)
        {
            throw new CommandFailedException(ErrorKind.Busy, $"volume {volume.Name} is paused with all peers", $"resume it: bazil volume resume {volume.Name}");
        }

        Pause(peer, volume.Id, isPaused);
        return Nothing.Instance;
    }

    private void Pause(PeerConfig peer, VolumeId volume, bool isPaused) =>
        config.UpdatePeer(peer.Id, p => p with { PausedVolumes = isPaused ? [.. p.PausedVolumes.Remove(volume), volume] : p.PausedVolumes.Remove(volume) });

    private async Task<SyncReply> SyncAsync(SyncRequest request, CancellationToken cancel)
    {
        VolumeConfig[] volumes = [.. request.Volumes.Count > 0 ? request.Volumes.Distinct().Select(config.GetVolume) : config.ListVolumes()];
        IReadOnlyList<SyncOutcomeInfo>[] outcomes = await Task.WhenAll(volumes.Select(volume => SyncAsync(volume, request.Wait, cancel)));
        return new SyncReply([.. outcomes.SelectMany(static of => of)]);
    }

    private async Task<IReadOnlyList<SyncOutcomeInfo>> SyncAsync(VolumeConfig volume, bool waits, CancellationToken cancel)
    {
        IReadOnlyList<SyncPair> pairs = await sync.PairsOfAsync(volume.Id, cancel);
        if (pairs.Count == 0) return [];
        if (!waits)
        {
            foreach (SyncPair pair in pairs) _ = pair.Ask();
            return [.. pairs.Select(pair => Describe(volume, pair, pair.State.Phase == SyncPhase.Paused ? SyncPair.PausedHere : null))];
        }

        OpenVolume open = await sync.Parts.Volumes.OpenAsync(volume.Id, cancel);
        string?[] problems = [];
        for (int round = 0; round < RoundsMax; round++)
        {
            _ = open.Volume.Note(out Knowledge known);
            problems = await Task.WhenAll(pairs.Select(pair => pair.SettleAsync(pair.Ask(), known, cancel)));
            _ = open.Volume.Note(out Knowledge now);
            if (now.Equals(known)) break;
        }

        return [.. pairs.Zip(problems, (pair, problem) => Describe(volume, pair, problem))];
    }

    private SyncOutcomeInfo Describe(VolumeConfig volume, SyncPair pair, string? problem)
    {
        string peer = descriptions.NameOf(pair.Peer);
        string? next = problem switch
        {
            SyncPair.PausedHere => $"to go on: bazil volume resume {volume.Name}{(config.GetVolume(volume.Name).IsPaused ? "" : $" {peer}")}",
            SyncPair.PausedThere => $"to go on, there: bazil volume resume, with the name of the volume there; to only get what it has: bazil volume sync {volume.Name} {peer}",
            _ => null,
        };
        return new SyncOutcomeInfo(volume.Name, peer, problem, next);
    }

    private async Task<SyncStatusReply> StatusAsync(SyncStatusRequest request, CancellationToken cancel)
    {
        if (request.Since is { } since)
        {
            using var timeout = new CancellationTokenSource(Limits.StatusWait, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
            await sync.WhenChangedAsync(since, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancel.ThrowIfCancellationRequested();
        }

        long revision = sync.Revision;
        return new SyncStatusReply(revision, descriptions.Of(null));
    }
}
