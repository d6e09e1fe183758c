using Bazil.Core;
using Bazil.Peers.Calling;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Tests.Serving;
using Bazil.Peers.Timing;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Calling;

/// <summary>The body of a put under a limit of this side.</summary>
public sealed class ObjectsContentTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    private readonly ManualTime _time = new();
    private readonly PeerMeter _meter;
    private readonly IdleWatch _watch;
    private readonly byte[] _bytes = ObjectTests.Bytes(2 * Limits.DataFrameBytes);

    public ObjectsContentTests()
    {
        _meter = new PeerMeter(_time, () => new RateLimits(Up: RateLimits.BytesPerSecondMin, Down: null));
        _watch = new IdleWatch(Patience, _time, Cancel);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _watch.Dispose();

    [Fact]
    public async Task Frames_keep_to_the_rate_and_waiting_for_it_is_no_silence_of_the_peer()
    {
        // Others have the line for much longer than the peer may be silent.
        await _meter.SendingAsync((int)RateLimits.BytesPerSecondMin * 28_800, TrafficKind.Content, Cancel);
        using var content = NewContent();
        using var sink = new Sink();
        Task copy = content.CopyToAsync(sink, _watch.Token);
        for (int hour = 0; hour < 7; hour++) _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, sink.Writes);
        Assert.Equal(0, _meter.SentBytes);

        _time.Advance(TimeSpan.FromHours(1));
        int seconds = 0;
        while (!copy.IsCompleted)
        {
            // Each further frame waits for those before it: time goes on only while one waits, which is never for as long as the peer may be silent.
            await Task.WhenAny(copy, _time.WhenDueAsync(Patience / 2, Cancel));
            if (copy.IsCompleted) break;
            _time.Advance(TimeSpan.FromSeconds(1));
            seconds++;
        }

        await copy;
        Assert.False(_watch.Expired);
        Assert.InRange(seconds, _bytes.Length / RateLimits.BytesPerSecondMin, 3000);
        Assert.Equal(_meter.SentBytes, sink.Length);
        Assert.InRange(sink.Length, _bytes.Length + (4 * FrameHeader.Size), _bytes.Length + 200);
    }

    [Fact]
    public async Task Peer_that_takes_nothing_is_silent()
    {
        using var content = NewContent();
        using var sink = new Sink { IsStuck = true };
        Task written = sink.Written();
        Task copy = content.CopyToAsync(sink, _watch.Token);
        await written.WaitAsync(Cancel);
        _time.Advance(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        Assert.True(_watch.Expired);
    }

    private ObjectsContent NewContent() => new([KeyValuePair.Create(ObjectTests.Id(1), (ReadOnlyMemory<byte>)_bytes)], _watch, _meter);

    /// <summary>Takes what is written, or nothing.</summary>
    private sealed class Sink : MemoryStream
    {
        private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsStuck { get; init; }

        public int Writes { get; private set; }

        /// <summary>Completed by the next write.</summary>
        public Task Written() => Volatile.Read(ref _written).Task;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Interlocked.Exchange(ref _written, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            if (IsStuck) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            Write(buffer.Span);
            Writes++;
        }
    }
}
