using Bazil.Core;
using Bazil.Peers.Calling;

namespace Bazil.Peers;

/// <summary>
/// Calls peers. Keeps at most two connections to each: one for metadata, one for content. Concurrent. Everything passed in is borrowed.
/// </summary>
public sealed class PeerClient(
    NodeIdentity identity, IPeerAddressBook addresses, PeerClientOptions options, TimeProvider time, IEntropy entropy, PeerMeters? meters = null) : IAsyncDisposable
{
    private readonly PeerMeters _meters = meters ?? new PeerMeters(time);
    private readonly Lock _lock = new(); // guards _connections and _disposed; calls nothing outside
    private readonly Dictionary<PeerId, PeerConnection> _connections = [];
    private bool _disposed;

    /// <summary>The connection to a peer. Costs nothing before it is used; the same object each time until <see cref="DisconnectAsync"/>.</summary>
    public IPeerConnection For(PeerId peer)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_connections.TryGetValue(peer, out var connection))
                _connections[peer] = connection = new PeerConnection(peer, identity, addresses, options, time, entropy, _meters.Of(peer));
            return connection;
        }
    }

    /// <summary>Cuts the connections to a peer, and with them what is in progress. A later call connects anew.</summary>
    public async Task DisconnectAsync(PeerId peer)
    {
        PeerConnection? connection;
        lock (_lock) _connections.Remove(peer, out connection);
        if (connection is not null) await connection.DisposeAsync();
    }

    /// <summary>Cuts all connections; what is in progress fails as unreachable.</summary>
    public async ValueTask DisposeAsync()
    {
        List<PeerConnection> connections;
        lock (_lock)
        {
            _disposed = true;
            connections = [.. _connections.Values];
            _connections.Clear();
        }
        foreach (var connection in connections) await connection.DisposeAsync();
    }
}
