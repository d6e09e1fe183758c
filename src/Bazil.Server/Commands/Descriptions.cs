using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Epochs;
using Bazil.Peers;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Control.Messages;
using Bazil.Server.Pushing;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Commands;

/// <summary>Volumes and peers as replies show them: keys become nicknames, ids become names.</summary>
internal sealed class Descriptions(ConfigStore config, VolumeRegistry volumes, VolumeEpochs epochs, KeyNotes notes, PeerMeters meters, PushService pushes, StoragePool storages)
{
    public VolumeInfo Of(VolumeConfig volume) => new(
        volume.Name,
        volume.Id.ToString(),
        volume.SharingKeyName,
        volume.Mountpoint,
        volumes.MountpointOf(volume.Id) is not null,
        [.. volume.Storages.Select(storage => Of(volume, storage))],
        [.. config.ListPeers().Where(p => p.Volumes.Contains(volume.Id)).Select(static p => p.Nickname ?? p.Id.ToString())],
        VolumeSettings.TextOf(volume.Compression),
        KeysOf(volume))
    {
        Deletions = new DeletionSettings((int)Math.Round(volume.Deletions.BrakeShare * 100), volume.Deletions.BrakeFiles, volume.Deletions.TrashDays),
    };

    /// <summary>The sharing keys of a volume; how far a rotation has come is known while the volume is open.</summary>
    public RotationInfo KeysOf(VolumeConfig volume)
    {
        RotationState state = volumes.Find(volume.Id)?.Volume.DescribeRotation() ?? new RotationState(epochs.Of(volume).Epochs, [], 0, 0, [], 0, []);
        return new RotationInfo(
            [.. state.Epochs.Select(epoch => new KeyEpochInfo(epoch.Generation, epoch.Key.ToString(), epochs.Keys.NameOf(epoch.Key)))],
            state.PercentSeen,
            state.OldFiles,
            state.OldSnapshots,
            state.OldOpenFiles,
            [.. state.Members.Select(member => new MemberRotationInfo(NameOf(member.Key), TextOf(member.Value)))],
            [.. WarningsOf(volume, state)]);
    }

    private IEnumerable<WarningInfo> WarningsOf(VolumeConfig volume, RotationState state)
    {
        foreach (KeyFingerprint key in state.Epochs.Select(static epoch => epoch.Key).Distinct().Where(key => epochs.Keys.NameOf(key) is null))
        {
            yield return new WarningInfo(
                $"sharing key {key} of volume {volume.Name} is not on this machine: what is sealed with it cannot be read",
                "on a member that has it, bazil sharing export NAME FILE; here, bazil sharing add NAME <FILE");
        }

        foreach (WarningInfo note in notes.Of(volume)) yield return note;
    }

    private string? NameOf(PeerId member) => member == volumes.Self ? null : config.FindPeer(member)?.DisplayName ?? member.ToString();

    private static string TextOf(MemberRotation rotation) => rotation switch
    {
        MemberRotation.Done => "done",
        MemberRotation.Working => "working",
        _ => "waiting",
    };

    public StorageInfo Of(VolumeConfig volume, VolumeStorage storage) => new(storage.Name, TextOf(storage.Address)) { Copy = CopyOf(volume, storage), Health = HealthOf(storage.Address), ReadLimits = LimitsOf(storage, static limits => limits.Down) };

    private static string[] LimitsOf(VolumeStorage storage, Func<RateLimits, long?> direction) =>
        [.. storage.Rates.Where(rule => direction(rule.Limits) is not null).Select(rule => $"{RateRule.TextOf(direction(rule.Limits))}{(rule.Hours is { } hours ? $" at {hours}" : "")}")];

    private StorageHealthInfo? HealthOf(StorageAddress address)
    {
        if (address.IsOnThisMachine || storages.Open(address) is not IGuardedStore store) return null;
        PackStoreUsage? usage = (store as RemoteStore)?.Usage;
        string state = store.IsBroken ? "away" : store.Meter.Answers == 0 ? "unused" : "ok";
        return new StorageHealthInfo(state, store.Meter.Latency?.TotalMilliseconds, store.Meter.Bandwidth, store.RetryAt, store.Meter.Answers, usage?.Packs, usage?.SizeBytes) { Problem = store.Problem, Objects = usage?.Objects, Damaged = (store as RemoteStore)?.Packs.DamagedPacks ?? [] };
    }

    private StorageCopyInfo? CopyOf(VolumeConfig volume, VolumeStorage storage)
    {
        // In this order: what is told to have been sent covers what does not wait.
        int? waiting = pushes.CountWaiting(volume, storage.Address);
        if (pushes.ProgressOf(volume.Id, storage.Address) is not { } progress) return null;
        string state = progress.Phase switch
        {
            PushPhase.Waiting when progress.IsAway => "away",
            PushPhase.Waiting => "waiting",
            PushPhase.Complete when waiting == 0 => "complete",
            _ => "copying",
        };
        return new StorageCopyInfo(
            state, waiting, waiting == Limits.StatusChangesMax, progress.AbsentChunks, progress.Problem, progress.RetryAt, progress.CompletedAt, progress.SentObjects, progress.SentBytes,
            LimitsOf(storage, static limits => limits.Up))
        {
            LastSeen = storages.OpenRemote(storage.Address).LastMet,
        };
    }

    public PeerInfo Of(PeerConfig peer) => new(
        peer.Id.ToString(),
        peer.Nickname,
        peer.Locations,
        [.. peer.Storages.Select(static s => s.ToString()!)],
        [.. peer.Volumes.Select(id => config.FindVolume(id)?.Name).OfType<string>()],
        [.. peer.Rates.Select(static rule => rule.ToString())],
        meters.Of(peer.Id).SentBytes,
        meters.Of(peer.Id).ReceivedBytes);

    private string TextOf(StorageAddress address) =>
        address is StorageAddress.PeerStorage { Peer: var peer } && config.FindPeer(peer)?.Nickname is { } nickname ? $"peerkey:{nickname}" : address.ToString()!;
}
