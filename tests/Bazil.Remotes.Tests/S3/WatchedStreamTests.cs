using Bazil.Remotes.S3;
using Bazil.Testing;

namespace Bazil.Remotes.Tests.S3;

public sealed class WatchedStreamTests : IDisposable
{
    private static readonly CancellationToken _none = CancellationToken.None;
    private static readonly TimeSpan _most = TimeSpan.FromSeconds(30), _within = TimeSpan.FromSeconds(20);

    private readonly ManualTime _time = new();
    private readonly GatedStream _inner = new();
    private readonly WatchedStream _stream;

    public WatchedStreamTests() => _stream = new WatchedStream(_inner, _most, _time);

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task Slow_upload_goes_on_while_its_answer_is_awaited()
    {
        Task<int> answer = _stream.ReadAsync(new byte[10], _none).AsTask();
        TaskCompletionSource<int> reading = await _inner.NextReadAsync();
        Task upload = _stream.WriteAsync(new byte[5 * Limits.S3SliceBytes], _none).AsTask();
        for (int slice = 0; slice < 5; slice++)
        {
            TaskCompletionSource<int> sending = await _inner.NextWriteAsync();
            _time.Advance(_within);
            sending.SetResult(0);
        }

        await upload;
        _time.Advance(_within);
        reading.SetResult(10);
        Assert.Equal(10, await answer);
        Assert.False(_inner.IsClosed);
    }

    [Fact]
    public async Task Upload_that_nobody_takes_is_given_up()
    {
        Task upload = _stream.WriteAsync(new byte[2 * Limits.S3SliceBytes], _none).AsTask();
        (await _inner.NextWriteAsync()).SetResult(0);
        await _inner.NextWriteAsync();
        _time.Advance(_most);
        IOException silent = await Assert.ThrowsAsync<IOException>(() => upload);
        Assert.Equal("the server has taken nothing for 30 seconds", silent.Message);
    }

    [Fact]
    public async Task Answer_that_does_not_come_is_given_up_also_when_it_is_awaited_with_an_empty_buffer()
    {
        // As a connection does that was idle before.
        Task<int> answer = _stream.ReadAsync(Memory<byte>.Empty, _none).AsTask();
        Task request = _stream.WriteAsync(new byte[10], _none).AsTask();
        (await _inner.NextWriteAsync()).SetResult(0);
        await request;
        _time.Advance(_most);
        IOException silent = await Assert.ThrowsAsync<IOException>(() => answer);
        Assert.Equal("the server has sent nothing for 30 seconds", silent.Message);
    }

    [Fact]
    public async Task Answer_that_stops_in_its_middle_is_given_up()
    {
        Task request = _stream.WriteAsync(new byte[10], _none).AsTask();
        (await _inner.NextWriteAsync()).SetResult(0);
        await request;
        Task<int> first = _stream.ReadAsync(new byte[10], _none).AsTask();
        (await _inner.NextReadAsync()).SetResult(5);
        Assert.Equal(5, await first);
        Task<int> rest = _stream.ReadAsync(new byte[10], _none).AsTask();
        _time.Advance(_within);
        Assert.False(rest.IsCompleted);
        _time.Advance(_within);
        await Assert.ThrowsAsync<IOException>(() => rest);
    }

    [Fact]
    public async Task Idle_connection_may_be_silent_for_long_and_is_watched_anew_when_it_is_used()
    {
        Task request = _stream.WriteAsync(new byte[10], _none).AsTask();
        (await _inner.NextWriteAsync()).SetResult(0);
        await request;
        Task<int> answer = _stream.ReadAsync(new byte[10], _none).AsTask();
        (await _inner.NextReadAsync()).SetResult(10);
        await answer;
        Task<int> idle = _stream.ReadAsync(Memory<byte>.Empty, _none).AsTask();
        _time.Advance(_most * 10);
        Assert.False(_inner.IsClosed);
        request = _stream.WriteAsync(new byte[10], _none).AsTask();
        (await _inner.NextWriteAsync()).SetResult(0);
        await request;
        _time.Advance(_within);
        Assert.False(idle.IsCompleted);
        _time.Advance(_within);
        await Assert.ThrowsAsync<IOException>(() => idle);
    }
}
