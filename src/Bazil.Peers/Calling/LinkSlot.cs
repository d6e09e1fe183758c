using Bazil.Core;

namespace Bazil.Peers.Calling;

/// <summary>
/// Holds the present link of one purpose. All who need it while it is being made share that attempt and its failure, so that a peer which is
/// down costs everyone one timeout, not one after the other. Concurrent.
/// </summary>
internal sealed class LinkSlot(PeerId peer, PeerDialer dialer) : IAsyncDisposable
{
    private readonly Lock _lock = new(); // guards _dial and _disposed; calls nothing outside
    private readonly CancellationTokenSource _closing = new();
    private Task<PeerLink>? _dial;
    private bool _disposed;

    /// <summary>The link in use, or one that is made now.</summary>
    public Task<PeerLink> GetAsync(CancellationToken cancel)
    {
        lock (_lock)
        {
            if (_disposed) throw new PeerUnreachableException(peer, [""], "this node has closed the connection");
            if (_dial is null || _dial.IsFaulted || _dial.IsCanceled)
                _dial = Task.Run(() => dialer.DialAsync(_closing.Token));
            return _dial.WaitAsync(cancel);
        }
    }

    /// <summary>Drops a link that no longer works; one that has taken its place stays.</summary>
    /// <param name="link">The link.</param>
    /// <param name="cut">Whether what is in progress on it ends, too; else it goes on for as long as it can.</param>
    public void Drop(PeerLink link, bool cut)
    {
        lock (_lock)
        {
            if (_dial is { IsCompletedSuccessfully: true } dial && ReferenceEquals(dial.GetAwaiter().GetResult(), link)) _dial = null;
        }

        if (cut) link.Dispose();
        else link.Retire();
    }

    /// <summary>Closes the present link at once, and with it what is in progress.</summary>
    public void Cut()
    {
        PeerLink? link = null;
        lock (_lock)
        {
            if (_dial is not { IsCompletedSuccessfully: true } dial) return;
            link = dial.GetAwaiter().GetResult();
            _dial = null;
        }

        link.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Task<PeerLink>? dial;
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            dial = _dial;
        }
        await _closing.CancelAsync();
        if (dial is not null)
        {
            await ((Task)dial).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (dial.IsCompletedSuccessfully) (await dial).Dispose();
        }
        _closing.Dispose();
    }
}
