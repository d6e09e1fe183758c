using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Sync;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Volumes;

namespace Bazil.Server.Sync;

/// <summary>
/// Keeps one volume up to date with one peer: listens to what it tells, pulls when it has something new, and calls again when the connection was lost. One pull at a time.
/// Concurrent; disposing it ends the connection's streams.
/// </summary>
internal sealed class SyncPair : IAsyncDisposable
{
    /// <summary>What <see cref="SettleAsync"/> says of a pair that is paused on this side, and on the other one.</summary>
    public const string PausedHere = "synchronisation is paused here", PausedThere = "synchronisation is paused on its side";

    private readonly SyncParts _parts;
    private readonly BackOff _backOff;
    private readonly Signal _wake = new();
    private readonly Signal _pull = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    private readonly Lock _lock = new(); // guards all below; calls nothing outside
    private SyncState _state;
    private ChangeNote? _remote;
    private ChangeNote? _pulled;
    private long _asked;
    private long _answered;
    private long _attempts;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _connection;

    public SyncPair(VolumeConfig volume, PeerId peer, SyncParts parts)
    {
        VolumeId = volume.Id;
        Peer = peer;
        _parts = parts;
        _backOff = new BackOff(parts.Entropy);
        _state = new SyncState(SyncPhase.Connecting, parts.Time.GetUtcNow());
        _work = Task.Run(RunAsync);
    }

    public VolumeId VolumeId { get; }

    public PeerId Peer { get; }

    /// <summary>How fast and how much is coming in, while something is.</summary>
    public TransferMeter Meter { get; } = new();

    public SyncState State
    {
        get
        {
            lock (_lock) return _state;
        }
    }

    /// <summary>There is reason to think that the peer can be reached, or that something was set differently.</summary>
    public void Wake()
    {
        _backOff.Reset();
        _wake.Set();
    }

    /// <summary>The peer called: it is there. It is called at once, if it is not connected.</summary>
    public void Saw()
    {
        bool isConnected;
        lock (_lock)
        {
            _state = _state with { LastSeen = _parts.Time.GetUtcNow() };
            isConnected = _state.IsConnected;
        }

        // Where pulls fail, two that call each other would wake each other without end.
        if (!isConnected && !_hasPullFailed) Wake();
    }

    /// <summary>Ends the connection if the pair is paused now, and makes it if it is not any more.</summary>
    public void Refresh()
    {
        if (_parts.IsPaused(VolumeId, Peer))
        {
            lock (_lock) _ = _connection?.CancelAsync();
        }

        _hasPullFailed = false;
        if (!State.IsConnected) Wake();
    }

    /// <summary>Pulls as soon as possible, whether there is something new or not. Returns a number for <see cref="SettleAsync"/>.</summary>
    public (long Ticket, long Attempts) Ask()
    {
        (long, long) result;
        lock (_lock) result = (++_asked, _attempts);
        _hasPullFailed = false;
        _pull.Set();
        Wake();
        return result;
    }

    /// <summary>
    /// Waits until what was asked for is done and the peer knows what is known here. Returns null, or why that is not to be expected now: the peer cannot be reached, or it is
    /// paused on one of both sides.
    /// </summary>
    public async Task<string?> SettleAsync((long Ticket, long Attempts) asked, Knowledge known, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            SyncState state;
            bool isPulled, isOver;
            lock (_lock)
            {
                changed = _changed.Task;
                state = _state;
                isPulled = _answered >= asked.Ticket;
                isOver = _attempts > asked.Attempts;
            }

            switch (state.Phase)
            {
                case SyncPhase.Paused:
                    return PausedHere;
                case SyncPhase.NoAddress:
                    return state.Reason;
                case SyncPhase.BackOff when isOver:
                    return state.Reason ?? "it could not be reached";
                case SyncPhase.Connected when state.IsPausedThere:
                    return PausedThere;
                case SyncPhase.Connected when isPulled && KnowledgeThere() is { } there && known.IsCoveredBy(there):
                    return null;
            }

            await changed.WaitAsync(cancel);
        }
    }

    /// <summary>What the peer knows, as far as it is known here; null when the volume is not open.</summary>
    public Knowledge? KnowledgeThere()
    {
        if (_parts.Volumes.Find(VolumeId) is not { } open) return null;
        ChangeNote? remote;
        lock (_lock) remote = _remote;
        Knowledge pulled = open.Volume.KnowledgeOf(Peer);
        return remote is not null && FindOwn(open.Volume, remote) is { } told ? told.Join(pulled) : pulled;
    }

    /// <summary>True when the peer has told of something that is not here; null when that is not known.</summary>
    public bool? HasNews()
    {
        ChangeNote? remote;
        lock (_lock) remote = _remote;
        return remote is null or { IsPaused: true } || _parts.Volumes.Find(VolumeId) is not { } open ? null : IsNew(open.Volume, remote);
    }

    /// <summary>How much the peer says it has that is not here: hearsay, and from before what has been pulled since. Null when it has nothing, or did not say.</summary>
    public NoteCounts? News()
    {
        if (HasNews() != true) return null;
        lock (_lock) return _remote?.Counts;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true) await RunOnceAsync();
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // The volume or the peer was removed, or the daemon ends; what failed by that is of no interest.
        }
    }

    /// <summary>One connection from its beginning to its end, and the wait after it.</summary>
    private async Task RunOnceAsync()
    {
        _wake.Clear();
        if (_parts.IsPaused(VolumeId, Peer))
        {
            Set(state => new SyncState(SyncPhase.Paused, Now) { LastSeen = state.LastSeen, LastPull = state.LastPull });
            await _wake.WaitAsync(_stop.Token);
            return;
        }

        if (_parts.Addresses.AddressesOf(Peer).Count == 0)
        {
            Set(state => state with { Phase = SyncPhase.NoAddress, Since = Now, RetryAt = null, Reason = "no address of it is known here: it has to call, or tell where it is with: bazil peer location set" });
            await _wake.WaitAsync(_stop.Token);
            return;
        }

        if (State.Phase != SyncPhase.BackOff) Set(state => state with { Phase = SyncPhase.Connecting, Since = Now });
        long start = _parts.Time.GetTimestamp();
        string reason;
        using (var connection = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        {
            lock (_lock) _connection = connection;
            if (_parts.IsPaused(VolumeId, Peer)) await connection.CancelAsync();
            reason = await TryConnectedAsync(connection);
            lock (_lock) _connection = null;
        }

        _stop.Token.ThrowIfCancellationRequested();
        if (_parts.IsPaused(VolumeId, Peer)) return;
        TimeSpan lasted = _parts.Time.GetElapsedTime(start);
        if (lasted > Limits.BackOffReset) _backOff.Reset();
        TimeSpan wait = _backOff.Next();
        Set(state => state with { Phase = SyncPhase.BackOff, Since = state.Phase == SyncPhase.BackOff ? state.Since : Now, Reason = reason, RetryAt = Now + wait }, isAttempt: true);

        // Whoever wakes us, not without rest.
        if (lasted < Limits.WakeInterval) await Task.Delay(Limits.WakeInterval, _parts.Time, _stop.Token);
        await _wake.WaitAsync(wait, _parts.Time, _stop.Token);
    }

    private async Task<string> TryConnectedAsync(CancellationTokenSource connection)
    {
        try
        {
            VolumeConfig volume = _parts.Config.FindVolume(VolumeId) ?? throw new CommandFailedException(ErrorKind.NotFound, "the volume was removed");
            OpenVolume open = await _parts.Volumes.OpenAsync(VolumeId, connection.Token);
            Task pulls = Task.CompletedTask;
            try
            {
                IPeerConnection peer = _parts.Connections.Get(Peer);
                await foreach (ReadOnlyMemory<byte> bytes in peer.WatchAsync(VolumeId, _parts.Epochs.CallerOf(volume), _parts.Port(), connection.Token))
                {
                    Heard(ChangeNote.Decode(bytes.Span));
                    if (pulls.IsCompleted) pulls = Task.Run(() => PullLoopAsync(open.Volume, peer, volume, connection), CancellationToken.None);
                }
            }
            finally
            {
                await connection.CancelAsync();
                await pulls;
            }

            return "the peer closed the connection";
        }
        catch (OperationCanceledException) when (connection.IsCancellationRequested && PullFailure is { } failure)
        {
            PullFailure = null;
            return Describe(failure);
        }
        catch (WireFormatException e)
        {
            return $"it sent what makes no sense: {e.Message}";
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            return Describe(e);
        }
    }

    /// <summary>The last pull failed, and nobody has asked for another since.</summary>
    private volatile bool _hasPullFailed;

    /// <summary>Why a pull failed, which ended the connection. Used by the worker only.</summary>
    private Exception? PullFailure { get; set; }

    private string Describe(Exception e) => e is OperationCanceledException ? "it was paused" : _parts.Phrase(Failures.Describe(e).Message);

    private void Heard(ChangeNote note)
    {
        lock (_lock) _remote = note;
        Set(state => state with
        {
            Phase = state.IsConnected ? state.Phase : SyncPhase.Connected,
            Since = state.IsConnected ? state.Since : Now,
            Reason = null,
            RetryAt = null,
            LastSeen = Now,
            IsPausedThere = note.IsPaused,
        });
        _pull.Set();
    }

    private async Task PullLoopAsync(Volume volume, IPeerConnection peer, VolumeConfig config, CancellationTokenSource connection)
    {
        CancellationToken cancel = connection.Token;
        ulong? revision = null;
        try
        {
            while (true)
            {
                await _pull.WaitAsync(cancel);
                ChangeNote note;
                long asked;
                lock (_lock) (note, asked) = (_remote!, _asked);
                bool isAsked = asked > _answered;
                if (!isAsked && note.IsPaused) continue;
                if (!isAsked && !IsNew(volume, note))
                {
                    // Nothing new there, but what it knows of others may be needed here: when it is quiet.
                    if (note.Revision == revision || await _pull.WaitAsync(Limits.GossipDelay, _parts.Time, cancel))
                    {
                        if (note.Revision != revision) _pull.Set();
                        continue;
                    }
                }

                await PullAsync(volume, peer, config, cancel);
                _hasPullFailed = false;
                revision = note.Revision;
                lock (_lock) (_answered, _pulled) = (Math.Max(_answered, asked), note);
                Set(state => state with { Phase = SyncPhase.Connected, Since = Now, LastSeen = Now, LastPull = Now });
            }
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // The connection has ended.
        }
        catch (Exception e)
        {
            PullFailure = e;
            _hasPullFailed = true;
            await connection.CancelAsync();
        }
    }

    private async Task PullAsync(Volume volume, IPeerConnection peer, VolumeConfig config, CancellationToken cancel)
    {
        // A volume pulls from one peer at a time: one that keeps it waiting would keep all others waiting. What it waits for besides, its turn or the own disk, is not the peer's silence.
        using var silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
        var link = new VolumeLink(peer, VolumeId, _parts.Epochs.CallerOf(config), _parts.Notes)
        {
            Received = Meter.Add,
            Waiting = isWaiting => silence.CancelAfter(isWaiting ? Limits.PullSilence : Timeout.InfiniteTimeSpan),
            Progressed = progress =>
            {
                Meter.Progress = progress;
                _parts.StateChanged();
            },
        };
        Set(state => state with { Phase = SyncPhase.Pulling, Since = Now });
        Meter.Begin(_parts.Time.GetTimestamp());
        try
        {
            await volume.PullAsync(link, either.Token);
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new SyncException($"nothing of what was asked for came for {Limits.PullSilence.TotalSeconds:0} seconds");
        }
        finally
        {
            Meter.End();
            _parts.PullEnded();
        }
    }

    /// <summary>What this replica knew when it was as the note says; null when it never was: then the peer has something that is not here.</summary>
    private Knowledge? FindOwn(Volume volume, ChangeNote note) =>
        volume.Note(out Knowledge now).Digest.AsSpan().SequenceEqual(note.Digest) ? now : _parts.FindTold(VolumeId, note.Digest);

    /// <summary>True when the peer has something that is not here. What was pulled is here, also while the peer lacks something itself.</summary>
    private bool IsNew(Volume volume, ChangeNote note)
    {
        ChangeNote? pulled;
        lock (_lock) pulled = _pulled;
        return !(pulled?.Digest.AsSpan().SequenceEqual(note.Digest) ?? false) && FindOwn(volume, note) is null;
    }

    private DateTimeOffset Now => _parts.Time.GetUtcNow();

    private void Set(Func<SyncState, SyncState> change, bool isAttempt = false)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _state = change(_state);
            if (isAttempt) _attempts++;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
        _parts.StateChanged();
    }
}
