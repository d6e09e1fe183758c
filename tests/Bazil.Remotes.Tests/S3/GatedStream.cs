using System.Threading.Channels;

namespace Bazil.Remotes.Tests.S3;

/// <summary>The inner side of a connection: each read and write is told, and ends when the test says so or when the connection is closed.</summary>
internal sealed class GatedStream : Stream
{
    private readonly Channel<TaskCompletionSource<int>> _reads = Channel.CreateUnbounded<TaskCompletionSource<int>>(), _writes = Channel.CreateUnbounded<TaskCompletionSource<int>>();
    private readonly CancellationTokenSource _closed = new();

    public bool IsClosed => _closed.IsCancellationRequested;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The next read that was begun; it ends with a number of bytes.</summary>
    public ValueTask<TaskCompletionSource<int>> NextReadAsync() => _reads.Reader.ReadAsync();

    /// <summary>The next write that was begun.</summary>
    public ValueTask<TaskCompletionSource<int>> NextWriteAsync() => _writes.Reader.ReadAsync();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(BeginAsync(_reads));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await BeginAsync(_writes);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _closed.Cancel();
        base.Dispose(disposing);
    }

    private async Task<int> BeginAsync(Channel<TaskCompletionSource<int>> begun)
    {
        var end = new TaskCompletionSource<int>();
        using CancellationTokenRegistration closing = _closed.Token.Register(() => end.TrySetException(new ObjectDisposedException(nameof(GatedStream))));
        begun.Writer.TryWrite(end);
        return await end.Task;
    }
}
