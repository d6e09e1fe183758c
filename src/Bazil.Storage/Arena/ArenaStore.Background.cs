using System.Threading.Channels;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <content>Work that nobody waits for.</content>
public sealed partial class ArenaStore
{
    /// <summary>How long after a change there is a look at free space and at what was deleted.</summary>
    private static readonly TimeSpan _upkeepInterval = TimeSpan.FromSeconds(5);

    /// <summary>The same of a store that nobody uses: others may fill its disk. Twice as long each time, up to the longest.</summary>
    private static readonly TimeSpan _idleUpkeepInterval = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan _idleUpkeepIntervalMax = TimeSpan.FromMinutes(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ITimer _nextUpkeep;
    private readonly Task _background;
    private int _isDisposed;
    private TimeSpan _idleRest; // used by the background task only
    private int _isChanged; // 1 when something was put or deleted since the last look

    /// <summary>Does once what runs in the background.</summary>
    internal async ValueTask UpkeepAsync(CancellationToken cancel)
    {
        _space.Measure();
        await SealAsync(cancel);
        MergeIndex(cancel);
        await ReclaimAsync(cancel);
        await CompactAsync(cancel);
    }

    private void WakeBackground() => _wake.Writer.TryWrite(true);

    /// <summary>Something was put or deleted.</summary>
    private void NoteChange()
    {
        if (_options.RunsInBackground && Volatile.Read(ref _isChanged) == 0 && Interlocked.Exchange(ref _isChanged, 1) == 0) _nextUpkeep.Change(_upkeepInterval, Timeout.InfiniteTimeSpan);
    }

    private async Task RunInBackgroundAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _wake.Reader.ReadAsync(_stop.Token);
                bool wasChanged = Interlocked.Exchange(ref _isChanged, 0) != 0;
                _nextUpkeep.Change(_upkeepInterval, Timeout.InfiniteTimeSpan); // should this fail
                await UpkeepAsync(_stop.Token);
                Rest(wasChanged);
            }
            catch (OperationCanceledException)
            {
                // The store is being closed.
            }
            catch (Exception exception) when (exception is StoreException || StoreFailure.IsEnvironmental(exception))
            {
                // Nothing is lost by not doing it now; it is tried again at the next turn.
                if (_broken is null) Report(new StoreProblem(StoreProblemKind.BackgroundFailure, exception.Message));
            }
        }
    }

    /// <summary>Puts off the next look when there is nothing to be done.</summary>
    private void Rest(bool wasChanged)
    {
        if (PendingPunchCount > 0) return;
        TimeSpan longer = _idleRest < _idleUpkeepIntervalMax / 2 ? _idleRest * 2 : _idleUpkeepIntervalMax;
        _idleRest = wasChanged || _idleRest == TimeSpan.Zero ? _idleUpkeepInterval : longer;
        _nextUpkeep.Change(_idleRest, Timeout.InfiniteTimeSpan);
        if (Volatile.Read(ref _isChanged) != 0) _nextUpkeep.Change(_upkeepInterval, Timeout.InfiniteTimeSpan); // changed meanwhile
    }

    private async ValueTask StopBackgroundAsync()
    {
        await _stop.CancelAsync();
        await _background;
        await _nextUpkeep.DisposeAsync();
        await _commits.IdleAsync();
        _stop.Dispose();
    }
}
