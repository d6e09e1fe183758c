using System.Threading.Channels;
using Bazil.Storage.Stores;

namespace Bazil.Storage.Arena;

/// <content>Work that nobody waits for.</content>
public sealed partial class ArenaStore
{
    /// <summary>How often there is a look at free space and at what was deleted.</summary>
    private static readonly TimeSpan _upkeepInterval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _background;
    private int _isDisposed;

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

    private async Task RunInBackgroundAsync()
    {
        await using ITimer timer = _options.Clock.CreateTimer(_ => WakeBackground(), null, _upkeepInterval, _upkeepInterval);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _wake.Reader.ReadAsync(_stop.Token);
                await UpkeepAsync(_stop.Token);
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

    private async ValueTask StopBackgroundAsync()
    {
        await _stop.CancelAsync();
        await _background;
        await _commits.IdleAsync();
        _stop.Dispose();
    }
}
