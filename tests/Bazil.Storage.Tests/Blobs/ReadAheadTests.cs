using System.Collections.Concurrent;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Blobs;

/// <summary>How far ahead of a reader is fetched, and what becomes of it when the reader goes elsewhere.</summary>
public sealed class ReadAheadTests : IDisposable
{
    private const int ChunkSize = 128 * 1024;
    private const int FirstWindow = 8;
    private const ulong Chunks = 1000;

    private static readonly TimeSpan HangMax = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly BlobLayout _layout = new(ChunkSize, 16);
    private readonly ConcurrentDictionary<ulong, CancellationToken> _fetches = new(); // by chunk
    private readonly SemaphoreSlim _begun = new(0); // released once for each fetch that is begun
    private readonly ReadAheadRoom _room;

    public ReadAheadTests() => _room = new ReadAheadRoom(1L << 30, _time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _begun.Dispose();

    [Theory]
    [InlineData(50, 8 << 20, 100, 140)] // milliseconds for so many bytes: a long line
    [InlineData(250, ChunkSize, 7, 16)] // half a mebibyte a second: a limit, however near the store is
    public async Task A_reader_that_catches_up_has_as_much_fetched_as_comes_in_a_while(int milliseconds, int bytes, ulong least, ulong most)
    {
        var rate = new ArrivalRate(_time);
        long since = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        rate.Note(since, bytes);
        await using (ReadAhead ahead = Create(rate))
        {
            for (ulong chunk = 0; chunk < 8; chunk++)
            {
                Read(ahead, chunk);
                if (chunk == 1) await WhenBegunAsync((int)Math.Min(least - 1, FirstWindow)); // all that may be under way at first
                _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            }
        }

        Assert.InRange(_fetches.Keys.Max(), least, most);
    }

    [Fact]
    public async Task Before_anything_has_come_the_window_does_not_grow()
    {
        await using (ReadAhead ahead = Create())
        {
            await ReadBeginningAsync(ahead);
            for (ulong chunk = 2; chunk < 8; chunk++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                Read(ahead, chunk);
            }
        }

        Assert.InRange(_fetches.Keys.Max(), 8ul, 7ul + FirstWindow);
    }

    [Fact]
    public async Task What_is_under_way_ends_when_the_reader_goes_elsewhere()
    {
        await using ReadAhead ahead = Create();
        await ReadBeginningAsync(ahead);
        CancellationToken before = _fetches[9];
        long leavings = _room.Leavings;
        Read(ahead, 500);
        Assert.True(before.IsCancellationRequested);
        Assert.True(_room.Leavings > leavings);
        Read(ahead, 501);
        Read(ahead, 502);
        await WhenBegunAsync(FirstWindow);
        Assert.False(_fetches[503].IsCancellationRequested);
    }

    [Fact]
    public async Task A_leap_within_what_is_fetched_ahead_ends_nothing()
    {
        await using ReadAhead ahead = Create();
        await ReadBeginningAsync(ahead);
        Read(ahead, 7);
        Assert.False(_fetches[9].IsCancellationRequested);
    }

    [Fact]
    public async Task Where_one_reader_goes_is_no_matter_of_another()
    {
        await using var streams = new ReadAheadStreams(Create);
        object first = new(), second = new();
        await ReadBeginningAsync(streams.Of(first));
        Read(streams.Of(second), 500);
        Read(streams.Of(second), 100);
        streams.Leave(second);
        Assert.False(_fetches[9].IsCancellationRequested);
        streams.Leave(first);
        Assert.True(_fetches[9].IsCancellationRequested);
    }

    private ReadAhead Create() => Create(new ArrivalRate(_time));

    private ReadAhead Create(ArrivalRate rate) => new(FirstWindow * ChunkSize, ChunkSize, _room, rate, (chunk, cancel) =>
    {
        _fetches[chunk] = cancel;
        _begun.Release();
        return new TaskCompletionSource().Task.WaitAsync(cancel);
    });

    /// <summary>Enough for a reader to be taken for a sequential one; waits until its first window is being fetched.</summary>
    private async Task ReadBeginningAsync(ReadAhead ahead)
    {
        for (ulong chunk = 0; chunk < 2; chunk++) Read(ahead, chunk);
        await WhenBegunAsync(FirstWindow);
    }

    private void Read(ReadAhead ahead, ulong chunk) => ahead.Advise(chunk * ChunkSize, ChunkSize, Chunks * ChunkSize, _layout);

    private async Task WhenBegunAsync(int count)
    {
        for (; count > 0; count--) Assert.True(await _begun.WaitAsync(HangMax, Cancel));
    }
}
