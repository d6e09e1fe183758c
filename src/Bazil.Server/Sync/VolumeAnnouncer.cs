using System.Diagnostics;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Sync;

namespace Bazil.Server.Sync;

/// <summary>
/// Tells those who listen of the changes of one volume, a few at a time, and of nothing that is not durable. While nobody listens it does nothing. Concurrent.
/// Disposing it ends the streams.
/// </summary>
internal sealed class VolumeAnnouncer : IAsyncDisposable
{
    private readonly Volume _volume;
    private readonly TimeProvider _time;
    private readonly Signal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    // Held while one note is made, so that they come in order.
    private readonly SemaphoreSlim _telling = new(1);

    private readonly Lock _lock = new(); // guards the three below; calls nothing outside
    private readonly List<Listener> _listeners = [];
    private readonly Queue<(ChangeNote Note, Knowledge Knowledge)> _told = new();
    private ChangeNote? _latest;

    public VolumeAnnouncer(Volume volume, TimeProvider time)
    {
        _volume = volume;
        _time = time;
        _volume.RowsChanged += _changed.Set;
        _work = Task.Run(RunAsync);
    }

    /// <summary>What this node knew when it had that digest, as far as it has told of it; null when it never had.</summary>
    public Knowledge? FindTold(byte[] digest)
    {
        lock (_lock)
        {
            foreach ((ChangeNote note, Knowledge knowledge) in _told)
            {
                if (note.Digest.AsSpan().SequenceEqual(digest)) return knowledge;
            }

            return null;
        }
    }

    /// <summary>A note at once, and another one after each change.</summary>
    /// <param name="isPaused">Whether the listener is to be told only that.</param>
    /// <param name="count">Counts what the listener lacks, given whether it is the first note; null for not known.</param>
    /// <param name="cancel">Ends it.</param>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ListenAsync(Func<bool> isPaused, Func<bool, NoteCounts?> count, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        var listener = new Listener();
        lock (_lock) _listeners.Add(listener);
        try
        {
            ChangeNote? last = null;
            while (true)
            {
                ChangeNote next = isPaused() ? ChangeNote.Paused : await LatestAsync(isFirst: last is null, either.Token);
                if (!next.Equals(last)) yield return (next with { Counts = count(last is null) }).Encode();
                last = next;
                if (!await WaitAsync(listener, either.Token)) yield break;
            }
        }
        finally
        {
            lock (_lock) _listeners.Remove(listener);
        }
    }

    public bool IsMember(PeerId peer) => _volume.Members().Contains(peer);

    /// <summary>Makes all listeners look again, after somebody was paused or resumed.</summary>
    public void Refresh()
    {
        List<Listener> listeners;
        lock (_lock) listeners = [.. _listeners];
        foreach (Listener listener in listeners) listener.News.Set();
    }

    public async ValueTask DisposeAsync()
    {
        _volume.RowsChanged -= _changed.Set;
        await _stop.CancelAsync();
        await _work;
    }

    private static async Task<bool> WaitAsync(Listener listener, CancellationToken cancel)
    {
        await listener.News.WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancel.IsCancellationRequested;
    }

    /// <summary>What was told last; one that begins to listen is told how it is now.</summary>
    private async Task<ChangeNote> LatestAsync(bool isFirst, CancellationToken cancel)
    {
        ChangeNote? latest;
        lock (_lock) latest = _latest;
        return isFirst || latest is null ? await TellAsync(cancel) : latest;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(_stop.Token);
                if (!HasListeners()) continue;
                await Task.Delay(Limits.NoteDelay, _time, _stop.Token);
                _changed.Clear();
                long start = Stopwatch.GetTimestamp();
                if (!await TryTellAsync()) continue;
                TimeSpan rest = Stopwatch.GetElapsedTime(start) * Limits.NoteRestPerSync;
                await Task.Delay(rest < Limits.NoteRestMin ? Limits.NoteRestMin : rest > Limits.NoteRestMax ? Limits.NoteRestMax : rest, _time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The volume is closed, or the daemon ends.
        }
    }

    private bool HasListeners()
    {
        lock (_lock) return _listeners.Count > 0;
    }

    /// <summary>Returns false when there was nothing to tell, or the disk could not take it: then the next change tries again, and the volume has said why.</summary>
    private async Task<bool> TryTellAsync()
    {
        ChangeNote? latest;
        lock (_lock) latest = _latest;
        if (_volume.Note(out _).Equals(latest)) return false;
        try
        {
            await TellAsync(_stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return false;
        }

        return true;
    }

    /// <summary>Makes what there is now durable, and gives the note of it to all.</summary>
    private async Task<ChangeNote> TellAsync(CancellationToken cancel)
    {
        await _telling.WaitAsync(cancel);
        try
        {
            ChangeNote note = _volume.Note(out Knowledge knowledge);
            await _volume.SyncAsync(cancel);
            lock (_lock)
            {
                if (note.Equals(_latest)) return note;
                _latest = note;
                _told.Enqueue((note, knowledge));
                if (_told.Count > Limits.NotesRemembered) _told.Dequeue();
            }

            Refresh();
            return note;
        }
        finally
        {
            _telling.Release();
        }
    }

    private sealed class Listener
    {
        public Signal News { get; } = new();
    }
}
