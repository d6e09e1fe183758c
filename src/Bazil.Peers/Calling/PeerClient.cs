using Bazil.Core;
using Bazil.Peers.Calling;

namespace Bazil.Peers;

/// <summary>
/// Calls peers. Keeps at most two connections to each: one for metadata, one for content. Concurrent. Everything passed in is borrowed.
/// </summary>
public sealed class PeerClient : IAsyncDisposable
{
    private readonly NodeIdentity _identity;
    private readonly IPeerAddressBook _addresses;
    private readonly PeerClientOptions _options;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly PeerRuns _runs;
    private readonly PeerMeters _meters;
    private readonly Lock _lock = new(); // guards _connections and _disposed; calls nothing outside
    private readonly Dictionary<PeerId, PeerConnection> _connections = [];
    private bool _disposed;

    public PeerClient(NodeIdentity identity, IPeerAddressBook addresses, PeerClientOptions options, TimeProvider time, IEntropy entropy, PeerRuns runs, PeerMeters? meters = null)
    {
        (_identity, _addresses, _options, _time, _entropy, _runs) = (identity, addresses, options, time, entropy, runs);
        _meters = meters ?? new PeerMeters(time);
        runs.Doubted += Cut;
    }

    /// <summary>The connection to a peer. Costs nothing before it is used; the same object each time until <see cref="DisconnectAsync"/>.</summary>
    public IPeerConnection For(PeerId peer)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_connections.TryGetValue(peer, out var connection))
                _connections[peer] = connection = new PeerConnection(peer, _identity, _addresses, _options, _time, _entropy, _runs, _meters.Of(peer));
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
        _runs.Doubted -= Cut;
        List<PeerConnection> connections;
        lock (_lock)
        {
            _disposed = true;
            connections = [.. _connections.Values];
            _connections.Clear();
        }
        foreach (var connection in connections) await connection.DisposeAsync();
    }

    private void Cut(PeerId peer)
    {
        PeerConnection? connection;
        lock (_lock) connection = _connections.GetValueOrDefault(peer);
        connection?.Cut();
    }
}
