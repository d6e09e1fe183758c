using System.Globalization;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Sync;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Snapshots;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary><c>bazil volume pending</c>, <c>accept</c> and <c>reject</c>: what is merged and not shown yet.</summary>
internal sealed class PendingCommands(ConfigStore config, VolumeRegistry volumes)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumePending, ListAsync);
        dispatcher.Add(ControlMethods.VolumePendingForce, ForceAsync);
        dispatcher.Add(ControlMethods.VolumeAccept, (request, cancel) => DecideAsync(request.Volume, static (volume, cancel) => volume.AcceptDeletionsAsync(cancel), cancel));
        dispatcher.Add(ControlMethods.VolumeReject, (request, cancel) => DecideAsync(request.Volume, static (volume, cancel) => volume.RejectDeletionsAsync(cancel), cancel));
    }

    private async Task<PendingReply> ListAsync(PendingRequest request, CancellationToken cancel)
    {
        PathSelection selection = await PathSelection.CreateAsync(config, volumes, request.Volume, [], cancel);
        return new PendingReply([.. selection.Volumes.Select(Describe)]);
    }

    private async Task<Nothing> ForceAsync(PathRequest request, CancellationToken cancel)
    {
        (Volume volume, string path) = (await PathSelection.CreateAsync(config, volumes, null, [request.Path], cancel)).Paths[0];
        if (await volume.ForcePendingAsync(VolumePaths.Parse(path), cancel)) return Nothing.Instance;
        throw new CommandFailedException(ErrorKind.NotFound, $"nothing waits for {request.Path}", $"see what waits: bazil volume pending {volume.Name}");
    }

    private async Task<DeletionDecisionReply> DecideAsync(string name, Func<Volume, CancellationToken, Task<bool>> decide, CancellationToken cancel)
    {
        Volume volume = (await volumes.OpenAsync(config.GetVolume(name).Id, cancel)).Volume;
        long files = volume.WaitingDeletions()?.Files ?? 0;
        if (!await decide(volume, cancel)) throw new CommandFailedException(ErrorKind.NotFound, $"no deletions wait for consent in volume {name}", $"what others deleted is in the trash: bazil trash list -volume={name}");
        await volume.SyncAsync(cancel);
        return new DeletionDecisionReply(files);
    }

    private VolumePendingInfo Describe(Volume volume) => new(volume.Name, [.. volume.ListPending().Select(change => Describe(change))], Describe(volume, volume.WaitingDeletions()));

    private static PendingChangeInfo Describe(PendingChange change)
    {
        string what = change.IsDeletion ? "deleted" : "changed";
        string next = (change.IsDeletion, change.HasUnsaved) switch
        {
            (true, true) => "it stays, with what the program writes",
            (true, false) => "it goes when the program closes it without writing",
            (false, true) => "both are kept, as a conflict, when the program closes it",
            _ => "the change is shown when the program closes it",
        };
        return new PendingChangeInfo(PathText.Of(change.Path.Span), $"{what} by a peer while a program has it open for writing", change.Since?.ToDateTimeOffset(), next);
    }

    private HeldDeletionsInfo? Describe(Volume volume, HeldDeletions? held) => held is null ? null : new HeldDeletionsInfo(
        held.Since.ToDateTimeOffset(),
        held.Files,
        held.ShownBefore,
        [.. held.Peers.OrderByDescending(static peer => peer.Value).Select(peer => new PeerDeletionsInfo(config.FindPeer(peer.Key)?.DisplayName ?? peer.Key.ToString(), peer.Value))],
        held.Decision == BrakeDecision.None ? null : held.Decision.ToString().ToLower(CultureInfo.InvariantCulture),
        $"nothing before you decide: bazil volume accept {volume.Name} deletes them here, too; bazil volume reject {volume.Name} brings them back for everyone");
}
