using Bazil.Core;

namespace Bazil.Peers.Serving;

/// <summary>The live connections by peer. Concurrent.</summary>
internal sealed class SessionRegistry
{
    private readonly Lock _lock = new(); // guards _sessions and _puts; calls nothing outside
    private readonly Dictionary<PeerId, List<PeerSession>> _sessions = [];
    private readonly Dictionary<PeerId, int> _puts = [];

    /// <summary>Returns false when the peer has as many connections as it may.</summary>
    public bool TryAdd(PeerSession session)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session.Peer, out var sessions)) _sessions[session.Peer] = sessions = [];
            if (sessions.Count >= Limits.ConnectionsPerPeer) return false;
            sessions.Add(session);
            return true;
        }
    }

    public void Remove(PeerSession session)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session.Peer, out var sessions)) return;
            sessions.Remove(session);
            if (sessions.Count == 0) _sessions.Remove(session.Peer);
        }
    }

    public IReadOnlyList<PeerSession> Of(PeerId peer)
    {
        lock (_lock) return _sessions.TryGetValue(peer, out var sessions) ? [.. sessions] : [];
    }

    public IReadOnlyList<PeerSession> All()
    {
        lock (_lock) return [.. _sessions.Values.SelectMany(static sessions => sessions)];
    }

    /// <summary>Counts a put request of this peer; false when it has too many.</summary>
    public bool TryBeginPut(PeerId peer)
    {
        lock (_lock)
        {
            int puts = _puts.GetValueOrDefault(peer);
            if (puts >= Limits.PutsPerPeer) return false;
            _puts[peer] = puts + 1;
            return true;
        }
    }

    public void EndPut(PeerId peer)
    {
        lock (_lock)
        {
            int left = _puts[peer] - 1;
            if (left == 0) _puts.Remove(peer);
            else _puts[peer] = left;
        }
    }
}
