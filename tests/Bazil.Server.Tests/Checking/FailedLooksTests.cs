using System.Threading.Channels;
using Bazil.Server.Checking;
using Bazil.Server.Volumes;
using Bazil.Storage.Metadata;
using Bazil.Testing;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Tests.Checking;

/// <summary>What looks after volumes in the background, while the database cannot say which there are.</summary>
public sealed class FailedLooksTests : IAsyncLifetime
{
    private readonly TempDirectory _root = new();
    private readonly ManualTime _time = new();
    private readonly Warnings _warnings = new();
    private TestNode _node = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _node = new TestNode(Path.Combine(_root.Path, "node"), TimeProvider.System);
        var batch = new MetadataBatch();
        batch.Put([(byte)Table.Volume, .. "broken"u8], [0xff]);
        _node.Metadata.Commit(batch);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _root.Dispose();
    }

    [Fact]
    public async Task Scrubs_go_on_within_minutes()
    {
        var options = new ScrubOptions();
        await using var scrubber = new Scrubber(_node.Config, null!, null!, options, _time, _warnings);
        await AdvanceAsync(options.Delay);
        for (int i = 0; i < 3; i++)
        {
            await _warnings.NextAsync(Cancel);
            await AdvanceAsync(options.Retry);
        }
    }

    [Fact]
    public async Task Rotations_are_looked_after_again_and_nudges_after_the_end_do_nothing()
    {
        var rotation = new RotationWorker(_node.Config, _node.Epochs, _node.Volumes, _time, _warnings);
        for (int i = 0; i < 3; i++)
        {
            await _warnings.NextAsync(Cancel);
            await AdvanceAsync(Limits.RotationInterval);
        }

        await rotation.DisposeAsync();
        rotation.Nudge();
    }

    /// <summary>Moves the clock on when something waits that is due then.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (_time.CountDue(by) == 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _time.Advance(by);
    }

    private sealed class Warnings : ILogger<Scrubber>, ILogger<RotationWorker>
    {
        private readonly Channel<bool> _all = Channel.CreateUnbounded<bool>();

        public Task<bool> NextAsync(CancellationToken cancel) => _all.Reader.ReadAsync(cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancel);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _all.Writer.TryWrite(true);
    }
}
