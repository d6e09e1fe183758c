using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Peers;
using Bazil.Server.Commands;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Volumes;

namespace Bazil.Server.Sync;

/// <summary>How it stands with synchronisation, as replies show it.</summary>
internal sealed class SyncDescriptions(SyncService sync, PeerRuns runs)
{
    /// <summary>Keys that two machines use.</summary>
    public IEnumerable<WarningInfo> Warnings()
    {
        foreach (PeerId peer in runs.Copied) yield return new WarningInfo($"two machines use the key of peer {NameOf(peer)}: its data directory was copied, and nothing is exchanged with either", CopiedKeyException.Advice);
        if (runs.RefusedBy is { Count: > 0 } peers) yield return new WarningInfo($"another machine uses the key of this node, so this data directory was copied; {string.Join(", ", peers.Select(NameOf))} exchanged nothing with either", CopiedKeyException.Advice);
    }

    /// <summary>Of the volumes that are shared with somebody, or only of those of these names.</summary>
    public IReadOnlyList<VolumeSyncInfo> Of(IReadOnlyCollection<string>? names)
    {
        ILookup<VolumeId, SyncPair> pairs = sync.Pairs.ToLookup(static pair => pair.VolumeId);
        return [.. sync.Parts.Config.ListVolumes().Where(volume => (names is null || names.Contains(volume.Name)) && pairs.Contains(volume.Id)).Select(volume => Of(volume, pairs[volume.Id]))];
    }

    /// <summary>What a person knows a peer by.</summary>
    public string NameOf(PeerId peer) => sync.Parts.Config.FindPeer(peer)?.Nickname ?? peer.ToString();

    private VolumeSyncInfo Of(VolumeConfig volume, IEnumerable<SyncPair> pairs)
    {
        OpenVolume? open = sync.Parts.Volumes.Find(volume.Id);
        return new VolumeSyncInfo(
            volume.Name, volume.IsPaused, open?.Volume.CountConflicts(), open?.Volume.CountPending(), open?.Volume.WaitingDeletions()?.Files, [.. pairs.Select(pair => Of(pair, open)).OrderBy(static peer => peer.Peer, StringComparer.Ordinal)]);
    }

    private PeerSyncInfo Of(SyncPair pair, OpenVolume? open)
    {
        SyncState state = pair.State;
        Knowledge? known = pair.KnowledgeThere();
        int? behindThere = known is null ? null : open?.Volume.CountBeyond(known, Limits.StatusChangesMax + 1);
        PullProgress progress = pair.Meter.Progress;
        NoteCounts? news = pair.News();
        bool isReceiving = pair.Meter.IsRunning && progress.Merged > 0;
        return new PeerSyncInfo(
            NameOf(pair.Peer),
            TextOf(state.Phase),
            state.Since,
            state.Reason ?? (state is { IsConnected: true, IsPausedThere: true } ? "it is paused on its side" : null),
            state.RetryAt,
            state.LastSeen,
            state.LastPull,
            pair.HasNews(),
            news is { Changes: > 0 } told ? (int)Math.Min(told.Changes, Limits.StatusChangesMax) : null,
            news is { Changes: > 0 } counted && (counted.IsMore || counted.Changes > Limits.StatusChangesMax),
            news is { Changes: > 0, ContentBytes: <= (ulong)Limits.ToldBytesMax } content ? (long)content.ContentBytes : null,
            behindThere is { } count ? Math.Min(count, Limits.StatusChangesMax) : null,
            behindThere > Limits.StatusChangesMax,
            behindThere is > 0 ? open?.Volume.CountContentBeyond(known!, Limits.StatusContentsMax) : null,
            pair.Meter.IsRunning ? pair.Meter.Bytes : null,
            pair.Meter.Rate(sync.Parts.Time),
            isReceiving ? progress.Merged : null,
            isReceiving && progress.Expected > 0 ? progress.Expected : null,
            pair.Meter.Remaining(sync.Parts.Time)?.TotalSeconds,
            isReceiving && progress.Latest is { } latest ? PathText.Of(latest.Span) : null);
    }

    private static string TextOf(SyncPhase phase) => phase switch
    {
        SyncPhase.Connected => "connected",
        SyncPhase.Pulling => "receiving",
        SyncPhase.BackOff => "unreachable",
        SyncPhase.NoAddress => "no address",
        SyncPhase.Paused => "paused",
        _ => "connecting",
    };
}
