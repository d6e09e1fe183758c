using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil peer</c>. What takes a permission away ends what the peer is doing with it, too.</summary>
internal sealed class PeerCommands(
    ConfigStore config, Descriptions descriptions, VolumeRegistry volumes, StoragePool storages, IPeerAccess access, PeerRates rates, PeerId self)
{
    /// <summary>Limits of one peer: an hour each.</summary>
    private const int RulesMax = 24;

    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.PeerAdd, (request, _) => Task.FromResult(Add(request)));
        dispatcher.Add(ControlMethods.PeerList, (_, _) => Task.FromResult(new PeerListReply([.. config.ListPeers().Select(descriptions.Of)])));
        dispatcher.Add(ControlMethods.PeerShow, (request, _) => Task.FromResult(descriptions.Of(config.GetPeer(request.Peer))));
        dispatcher.Add(ControlMethods.PeerName, (request, _) => Task.FromResult(Name(request)));
        dispatcher.Add(ControlMethods.PeerRemove, RemoveAsync);
        dispatcher.Add(ControlMethods.PeerLocationSet, (request, _) => Task.FromResult(SetLocation(request)));
        dispatcher.Add(ControlMethods.PeerLimit, (request, _) => Task.FromResult(Limit(request)));
        dispatcher.Add(ControlMethods.PeerStorageAllow, (request, _) => Task.FromResult(AllowStorage(request)));
        dispatcher.Add(ControlMethods.PeerStorageDeny, (request, _) => Task.FromResult(DenyStorage(request)));
        dispatcher.Add(ControlMethods.PeerVolumeAllow, AllowVolumeAsync);
        dispatcher.Add(ControlMethods.PeerVolumeDeny, DenyVolumeAsync);
    }

    private Nothing Add(PeerAddRequest request)
    {
        if (!PeerId.TryParse(request.PublicKey, out PeerId id) || id.IsZero)
        {
            throw new CommandFailedException(ErrorKind.Invalid, $"not a valid public key (64 hex digits): {request.PublicKey}", "the peer prints its own with: bazil pubkey");
        }

        if (id == self) throw new CommandFailedException(ErrorKind.Invalid, "cannot add self as peer: this is this node's own public key");
        if (request.Nickname is { } nickname) NameRules.CheckNickname(nickname);
        config.AddPeer(id);
        if (request.Nickname is not null) config.UpdatePeer(id, p => p with { Nickname = request.Nickname });
        return Nothing.Instance;
    }

    private Nothing Name(PeerNameRequest request)
    {
        string? nickname = string.IsNullOrEmpty(request.Nickname) ? null : request.Nickname;
        config.UpdatePeer(config.GetPeer(request.Peer).Id, p => p with { Nickname = nickname });
        return Nothing.Instance;
    }

    private async Task<Nothing> RemoveAsync(PeerRequest request, CancellationToken cancel)
    {
        PeerConfig peer = config.GetPeer(request.Peer);
        try
        {
            // Members first: after a crash in between the command can be given again.
            foreach (VolumeId volume in peer.Volumes) await volumes.RemoveMemberAsync(volume, peer.Id, CancellationToken.None);
            config.RemovePeer(peer.Id);
        }
        finally
        {
            rates.Forget(peer.Id);
            await access.RevokeAsync(peer.Id);
        }

        return Nothing.Instance;
    }

    private Nothing SetLocation(PeerLocationRequest request)
    {
        string location = PeerLocation.Check(request.Location);
        config.UpdatePeer(config.GetPeer(request.Peer).Id, p => p with { Locations = [location] });
        return Nothing.Instance;
    }

    private Nothing Limit(PeerLimitRequest request)
    {
        var limits = new RateLimits(RateOf(request.Up), RateOf(request.Down));
        DayHours? hours = request.At is null ? null : DayHours.Parse(request.At);
        PeerConfig peer = config.GetPeer(request.Peer);
        bool isOff = limits == default;
        if (isOff && hours is not null && !peer.Rates.Any(rule => rule.Hours == hours))
        {
            throw new CommandFailedException(ErrorKind.NotFound, $"peer {peer.DisplayName} has no limit at {hours}", $"see: bazil peer show {peer.DisplayName}");
        }

        // Without hours all of them go, not only the one for the rest of the day.
        ImmutableArray<RateRule> others = isOff && hours is null ? [] : [.. peer.Rates.Where(rule => rule.Hours != hours)];
        if (others.Length >= RulesMax) throw new CommandFailedException(ErrorKind.Invalid, $"a peer has at most {RulesMax} limits");
        config.UpdatePeer(peer.Id, p => p with { Rates = isOff ? others : others.Add(new RateRule(limits, hours)) });
        rates.Forget(peer.Id);
        return Nothing.Instance;
    }

    private static long? RateOf(string? text) => text is null ? null : RateRule.ParseRate(text);

    private Nothing AllowStorage(PeerStorageRequest request)
    {
        StorageAddress address = OfferableStorage(request.Storage);
        PeerConfig peer = config.GetPeer(request.Peer);
        volumes.CheckOutsideMounts(address);

        // Offering makes none: an empty one where a typo leads would help nobody, and hide the typo.
        if (address is StorageAddress.DirectoryStorage { Path: var path } && !FilesObjectStore.Exists(path))
        {
            throw new CommandFailedException(ErrorKind.NotFound, $"there is no storage at {path}", $"look at the path; a new one is made with: bazil volume storage add VOLUMENAME {path}");
        }

        _ = storages.Open(address);
        _ = storages.OpenPutsOf(peer.Id);
        volumes.RefreshAllStorages();
        config.UpdatePeer(peer.Id, p => p.Storages.Contains(address) ? p : p with { Storages = p.Storages.Add(address) });
        return Nothing.Instance;
    }

    private Nothing DenyStorage(PeerStorageRequest request)
    {
        StorageAddress address = OfferableStorage(request.Storage);
        PeerConfig peer = config.GetPeer(request.Peer);
        if (!peer.Storages.Contains(address))
        {
            throw new CommandFailedException(
                ErrorKind.NotFound, $"peer {peer.DisplayName} is not allowed to use storage {address} anyway", $"see: bazil peer show {peer.DisplayName}");
        }

        try
        {
            config.UpdatePeer(peer.Id, p => p with { Storages = p.Storages.Remove(address) });
        }
        finally
        {
            access.RevokeStorage(peer.Id);
        }

        return Nothing.Instance;
    }

    private async Task<Nothing> AllowVolumeAsync(PeerVolumeRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        PeerConfig peer = config.GetPeer(request.Peer);

        // A member before it is allowed: it must never pull a volume that does not count it.
        await volumes.AddMemberAsync(volume.Id, peer.Id, cancel);
        config.UpdatePeer(peer.Id, p => p.Volumes.Contains(volume.Id) ? p : p with { Volumes = p.Volumes.Add(volume.Id) });
        return Nothing.Instance;
    }

    private async Task<Nothing> DenyVolumeAsync(PeerVolumeRequest request, CancellationToken cancel)
    {
        VolumeConfig volume = config.GetVolume(request.Volume);
        PeerConfig peer = config.GetPeer(request.Peer);
        try
        {
            config.UpdatePeer(peer.Id, p => p with { Volumes = p.Volumes.Remove(volume.Id) });
        }
        finally
        {
            access.RevokeVolume(peer.Id, volume.Id);
        }

        // Also when it was not allowed: an earlier attempt may have come only half way.
        await volumes.RemoveMemberAsync(volume.Id, peer.Id, CancellationToken.None);
        return Nothing.Instance;
    }

    private static StorageAddress OfferableStorage(string text)
    {
        StorageAddress.CheckNoPassword(text);
        return StorageAddress.TryParse(text, out StorageAddress? address) && address.IsOnThisMachine
            ? address
            : throw new CommandFailedException(ErrorKind.Invalid, $"invalid storage \"{text}\": a peer may be offered local, or an absolute path");
    }
}
