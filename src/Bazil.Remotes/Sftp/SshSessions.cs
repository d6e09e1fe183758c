using Bazil.Storage.Stores;

namespace Bazil.Remotes.Sftp;

/// <summary>
/// The connections to one server: one for everything, made when it is first needed and again after it ended, and a few more while much is read at once. OpenSSH lets 2 MiB be under way on one
/// connection (CHAN_SES_WINDOW_DEFAULT), which is 40 MB/s at 50 ms, however fast the line is. Those that are not needed any more are closed. Safe for concurrent use; owns them all.
/// </summary>
internal sealed class SshSessions : IAsyncDisposable
{
    private readonly string _name;
    private readonly Func<CancellationToken, Task<SshSession>> _open;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly ITimer _tidying;

    // Guards what follows; nothing is waited for while it is held.
    private readonly Lock _gate = new();
    private readonly List<Task<SshSession>> _more = []; // for reads alone
    private readonly List<Task> _closing = [];
    private Task<SshSession>? _first; // the one there is, or is being made: all who come meanwhile share it and its failure
    private long _busyAt; // when more of them were wanted last
    private long? _refusedAt; // when one more could not be had

    /// <param name="name">Of the store, for messages.</param>
    /// <param name="open">Connects.</param>
    /// <param name="time">Tells when connections have not been needed for long.</param>
    public SshSessions(string name, Func<CancellationToken, Task<SshSession>> open, TimeProvider time)
    {
        (_name, _open, _time) = (name, open, time);
        _tidying = time.CreateTimer(static state => ((SshSessions)state!).CloseIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The connection for everything.</summary>
    /// <exception cref="StoreException">There is none to be had.</exception>
    public async Task<SshSession> GetAsync(CancellationToken cancel)
    {
        Task<SshSession> session;
        lock (_gate)
        {
            if (_ending.IsCancellationRequested) throw new StoreException($"{_name} is closed");
            if (_first is not { } known || known is { IsCompleted: true, IsCompletedSuccessfully: false }) _first = Task.Run(() => _open(_ending.Token));
            else if (known.IsCompletedSuccessfully && known.Result.Client.HasFailed) _first = Task.Run(() => ReplaceAsync(known.Result));
            session = _first!;
        }

        try
        {
            return await session.WaitAsync(cancel);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new StoreException($"{_name} is closed", e);
        }
    }

    /// <summary>The connection on which least is to be read, so many bytes more from now on. When that is much on all of them, further ones are made meanwhile.</summary>
    /// <exception cref="StoreException">There is none to be had.</exception>
    public async Task<SshSession> EnterReadAsync(int sizeBytes, CancellationToken cancel)
    {
        SshSession least = await GetAsync(cancel);
        lock (_gate)
        {
            CloseEnded();
            long allBytes = sizeBytes + least.BytesToRead;
            foreach (Task<SshSession> session in _more)
            {
                if (!session.IsCompletedSuccessfully) continue;
                allBytes += session.Result.BytesToRead;
                if (session.Result.BytesToRead < least.BytesToRead) least = session.Result;
            }

            least.BytesToRead += sizeBytes;
            OpenMore((int)Math.Min(Limits.SftpSessions, allBytes / Limits.SftpWindowBytes) - 1);
        }

        return least;
    }

    /// <summary>What was to be read was, or nobody wants it any more.</summary>
    public void ExitRead(SshSession session, int sizeBytes)
    {
        lock (_gate) session.BytesToRead -= sizeBytes;
    }

    /// <summary>Ends all connections; calls that are under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task> closing;
        lock (_gate)
        {
            if (_ending.IsCancellationRequested) return;
            _ending.Cancel();
            if (_first is not null) _closing.Add(CloseAsync(_first));
            _closing.AddRange(_more.Select(CloseAsync));
            _more.Clear();
            closing = [.. _closing];
        }

        await _tidying.DisposeAsync();
        await Task.WhenAll(closing);
    }

    /// <summary>Makes so many connections beside the first, those that are being made counted. The lock is held.</summary>
    private void OpenMore(int count)
    {
        if (count <= 0 || _ending.IsCancellationRequested) return;
        _busyAt = _time.GetTimestamp();
        if (_refusedAt is { } refused && _time.GetElapsedTime(refused) < Limits.SftpSessionIdleMax) return;
        if (_more.Count < count) _tidying.Change(Limits.SftpSessionIdleMax, Limits.SftpSessionIdleMax);
        while (_more.Count < count) _more.Add(Task.Run(() => _open(_ending.Token)));
    }

    private async Task<SshSession> ReplaceAsync(SshSession ended)
    {
        await ended.DisposeAsync();
        return await _open(_ending.Token);
    }

    /// <summary>Lets go of further connections that have ended or could not be made. The lock is held.</summary>
    private void CloseEnded()
    {
        for (int index = _more.Count - 1; index >= 0; index--)
        {
            Task<SshSession> session = _more[index];
            if (!session.IsCompleted || (session.IsCompletedSuccessfully && !session.Result.Client.HasFailed)) continue;
            _refusedAt = _time.GetTimestamp(); // a server may allow only so many
            Close(index);
        }
    }

    private void CloseIdle()
    {
        lock (_gate)
        {
            CloseEnded();
            if (_time.GetElapsedTime(_busyAt) < Limits.SftpSessionIdleMax) return;
            for (int index = _more.Count - 1; index >= 0; index--)
            {
                if (_more[index] is { IsCompletedSuccessfully: true, Result.BytesToRead: 0 }) Close(index);
            }

            if (_more.Count == 0) _tidying.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The lock is held.</summary>
    private void Close(int index)
    {
        _closing.RemoveAll(static task => task.IsCompleted);
        _closing.Add(CloseAsync(_more[index]));
        _more.RemoveAt(index);
    }

    private static async Task CloseAsync(Task<SshSession> session)
    {
        await ((Task)session).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding); // who asked for it was told
        if (session.IsCompletedSuccessfully) await (await session).DisposeAsync();
    }
}
