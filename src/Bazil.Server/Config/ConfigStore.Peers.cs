using Bazil.Core;
using Bazil.Server.Errors;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Config;

public sealed partial class ConfigStore
{
    /// <summary>Adds a peer. Adding one again changes nothing.</summary>
    public void AddPeer(in PeerId id)
    {
        lock (_gate)
        {
            if (FindPeer(id) is null) Put(Key(Table.Peer, id), ConfigRows.WritePeer(PeerConfig.Create(id)));
        }
    }

    public PeerConfig? FindPeer(in PeerId id) =>
        _store.Get(Key(Table.Peer, id)) is { } value ? ConfigRows.ReadPeer(id, value) : null;

    /// <summary>All peers, sorted by key.</summary>
    public IReadOnlyList<PeerConfig> ListPeers() =>
        ReadAll(Table.Peer, static (key, value) => ConfigRows.ReadPeer(new PeerId(key[1..]), value));

    /// <summary>Finds a peer by 64 hex digits or by nickname.</summary>
    /// <exception cref="CommandFailedException">There is no such peer.</exception>
    public PeerConfig GetPeer(string keyOrNickname)
    {
        if (PeerId.TryParse(keyOrNickname, out PeerId id))
        {
            return FindPeer(id)
                ?? throw new CommandFailedException(ErrorKind.NotFound, $"peer {id} is not known here", $"add it with: bazil peer add {id}");
        }

        return ListPeers().FirstOrDefault(p => p.Nickname == keyOrNickname)
            ?? throw new CommandFailedException(
                ErrorKind.NotFound, $"\"{keyOrNickname}\" is neither a public key (64 hex digits) nor the nickname of a peer", "see: bazil peer list");
    }

    /// <summary>Replaces a peer's row by what the function makes of it, and returns that.</summary>
    /// <exception cref="CommandFailedException">There is no such peer, or its new nickname is taken.</exception>
    public PeerConfig UpdatePeer(in PeerId id, Func<PeerConfig, PeerConfig> change)
    {
        lock (_gate)
        {
            PeerConfig old = GetPeer(id.ToString());
            PeerConfig changed = change(old);
            Invariant.Check(changed.Id == old.Id);
            if (changed.Nickname is { } nickname && nickname != old.Nickname)
            {
                NameRules.CheckNickname(nickname);
                if (ListPeers().FirstOrDefault(p => p.Nickname == nickname) is { } other)
                {
                    throw new CommandFailedException(ErrorKind.AlreadyExists, $"nickname {nickname} is taken by peer {other.Id}", "see: bazil peer list");
                }
            }

            Put(Key(Table.Peer, id), ConfigRows.WritePeer(changed));
            return changed;
        }
    }

    /// <summary>Forgets a peer and all its permissions; returns false when there was none.</summary>
    public bool RemovePeer(in PeerId id)
    {
        lock (_gate)
        {
            if (FindPeer(id) is null) return false;
            Delete(Key(Table.Peer, id));
            return true;
        }
    }
}
