using System.Buffers;
using Bazil.Peers.Metering;
using Bazil.Peers.Timing;

namespace Bazil.Peers.Protocol;

/// <summary>
/// Reads frames from a stream. Small reads are buffered; the payload of a large frame goes straight to its destination.
/// The stream is lent. Not for concurrent use.
/// </summary>
/// <param name="stream">Where frames come from.</param>
/// <param name="watch">Ends a read that takes too long.</param>
/// <param name="meter">Of the peer that sends them; null in tests of frames alone.</param>
/// <param name="kind">What comes.</param>
internal sealed class FrameReader(Stream stream, IdleWatch watch, PeerMeter? meter = null, TrafficKind kind = TrafficKind.Metadata) : IDisposable
{
    private const int BufferBytes = 32 << 10;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;
    private int _payloadLeft;
    private int _unpacedBytes;

    /// <summary>
    /// Reads the next header that is not a sign of life. The payload of the one before must have been read.
    /// Null when the stream ended between two frames.
    /// </summary>
    /// <exception cref="MalformedFrameException">The stream is cut in a header, or the header makes no sense.</exception>
    public async ValueTask<FrameHeader?> NextAsync()
    {
        Core.Invariant.Check(_payloadLeft == 0);
        while (true)
        {
            while (_end - _start < FrameHeader.Size)
            {
                if (await FillAsync()) continue;
                if (_end == _start) return null;
                throw new MalformedFrameException("the stream ends inside a frame header");
            }
            var header = FrameHeader.Read(_buffer.AsSpan(_start));
            _start += FrameHeader.Size;
            if (header.Kind == FrameKind.Alive) continue;
            _payloadLeft = header.Length;
            return header;
        }
    }

    /// <summary>Reads the next <paramref name="destination"/>.Length bytes of the current payload.</summary>
    /// <exception cref="MalformedFrameException">The stream ends before.</exception>
    public async ValueTask ReadPayloadAsync(Memory<byte> destination)
    {
        while (destination.Length > 0) destination = destination[await ReadSomeAsync(destination)..];
    }

    /// <summary>Reads at least one and at most <paramref name="destination"/>.Length bytes of the current payload: what has arrived.</summary>
    /// <exception cref="MalformedFrameException">The stream ends before.</exception>
    public async ValueTask<int> ReadSomeAsync(Memory<byte> destination)
    {
        Core.Invariant.Check(destination.Length > 0 && destination.Length <= _payloadLeft);
        int read = Math.Min(destination.Length, _end - _start);
        if (read > 0)
        {
            _buffer.AsSpan(_start, read).CopyTo(destination.Span);
            _start += read;
        }
        else
        {
            read = await watch.ReadAsync(stream, destination);
            if (read == 0) throw new MalformedFrameException("the stream ends inside a frame");
            Count(read);
        }
        _payloadLeft -= read;
        return read;
    }

    /// <summary>Reads the whole payload of a small frame.</summary>
    public async ValueTask<byte[]> ReadPayloadAsync(FrameHeader header)
    {
        var payload = new byte[header.Length];
        await ReadPayloadAsync(payload.AsMemory());
        return payload;
    }

    /// <summary>Waits until what was read since the last call has had its time under the limits of the peer. The time of the watch does not run.</summary>
    public ValueTask PaceAsync()
    {
        int bytes = _unpacedBytes;
        _unpacedBytes = 0;
        return meter is null || bytes == 0 ? ValueTask.CompletedTask : meter.ReceivedAsync(bytes, kind, watch.Token);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private async ValueTask<bool> FillAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        int read = await watch.ReadAsync(stream, _buffer.AsMemory(_end));
        _end += read;
        Count(read);
        return read > 0;
    }

    private void Count(int bytes)
    {
        _unpacedBytes += bytes;
        meter?.CountReceived(bytes);
    }
}
