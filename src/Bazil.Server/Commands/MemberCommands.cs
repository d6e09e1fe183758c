using Bazil.Core;
using Bazil.FileSystem.Sync;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Commands;

/// <summary>
/// <c>bazil volume member list|remove</c>: who takes part in a volume, whoever added it. A member that never comes back keeps deletions remembered
/// and garbage uncollected everywhere, until it is removed.
/// </summary>
internal sealed class MemberCommands(ConfigStore config, VolumeRegistry volumes, IPeerAccess access)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.VolumeMemberList, ListAsync);
        dispatcher.Add(ControlMethods.VolumeMemberRemove, RemoveAsync);
    }

    private async Task<VolumeMemberListReply> ListAsync(VolumeRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
        return new VolumeMemberListReply([.. open.Volume.DescribeMembers().Select(member => Describe(volume, member))]);
    }

    private VolumeMemberInfo Describe(VolumeConfig volume, MemberState state)
    {
        PeerConfig? peer = config.FindPeer(state.Member);
        bool isSelf = state.Member == volumes.Self;
        return new VolumeMemberInfo($"{state.Member}", peer?.Nickname, isSelf, isSelf || (peer?.Volumes.Contains(volume.Id) ?? false), state.KnowsAll, state.IsHeard);
    }

    private async Task<VolumeMemberRemoveReply> RemoveAsync(VolumeMemberRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);

        // A member that another one added need not be known here.
        PeerId member = PeerId.TryParse(request.Peer, out PeerId id) ? id : config.GetPeer(request.Peer).Id;
        if (member == volumes.Self)
        {
            throw new CommandFailedException(
                ErrorKind.Invalid, $"this node cannot remove itself from volume {volume.Name}", $"another member removes it; to leave, give up this copy: bazil volume remove {volume.Name}");
        }

        OpenVolume open = await volumes.OpenAsync(volume.Id, cancel);
        bool isMember = open.Volume.Members().Contains(member), isAllowed = config.FindPeer(member)?.Volumes.Contains(volume.Id) ?? false;
        if (!isMember && !isAllowed)
        {
            throw new CommandFailedException(ErrorKind.NotFound, $"{request.Peer} is not a member of volume {volume.Name}", $"see: bazil volume member list {volume.Name}");
        }

        try
        {
            if (isAllowed) config.UpdatePeer(member, peer => peer with { Volumes = peer.Volumes.Remove(volume.Id) });
        }
        finally
        {
            access.RevokeVolume(member, volume.Id);
        }

        await volumes.RemoveMemberAsync(volume.Id, member, CancellationToken.None);
        return new VolumeMemberRemoveReply($"{member}", volume.SharingKeyName);
    }
}
