using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Bazil.Peers.Serving;

/// <summary>
/// Closes a connection that had no request in progress for some time: it is told so, and cut if it is still there a moment later. A request counts once its headers
/// are complete, so whoever never completes them is closed, too. Set for the connection as a feature; concurrent.
/// </summary>
internal sealed class IdleConnection : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new(); // guards _requests and _isTold; calls nothing outside but the timer
    private readonly ConnectionContext _connection;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;
    private int _requests;
    private bool _isTold;

    public IdleConnection(ConnectionContext connection, TimeSpan timeout, TimeProvider time)
    {
        _connection = connection;
        _timeout = timeout;
        _timer = time.CreateTimer(static state => ((IdleConnection)state!).Expire(), this, timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A request begins.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            if (_requests++ == 0) _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A request has ended.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (--_requests == 0) _timer.Change(_isTold ? Grace : _timeout, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Expire()
    {
        bool isTold;
        lock (_lock)
        {
            if (_requests > 0) return;
            isTold = _isTold;
            _isTold = true;
            if (!isTold) _timer.Change(Grace, Timeout.InfiniteTimeSpan);
        }

        if (!isTold && _connection.Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime) lifetime.RequestClose();
        else _connection.Abort(new ConnectionAbortedException("no requests"));
    }
}
