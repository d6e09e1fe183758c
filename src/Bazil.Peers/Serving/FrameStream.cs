using System.IO.Pipelines;
using Bazil.Peers.Metering;
using Bazil.Peers.Protocol;
using Bazil.Peers.Timing;

namespace Bazil.Peers.Serving;

/// <summary>
/// Writes the frames of an answer. Flushes when enough has gathered or the next frame is not yet there, sends signs of life while something is
/// worked on, and gives up on a peer that does not read. Not for concurrent use.
/// </summary>
internal sealed class FrameStream(PipeWriter output, TimeSpan aliveInterval, TimeProvider time, IdleWatch watch, PeerMeter meter, TrafficKind traffic)
{
    private const int FlushBytes = 64 << 10;

    private int _unflushed;

    public void Write(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        int size = FrameHeader.Size + payload.Length;
        var span = output.GetSpan(size);
        new FrameHeader(kind, payload.Length).Write(span);
        payload.CopyTo(span[FrameHeader.Size..]);
        output.Advance(size);
        _unflushed += size;
        meter.CountSent(size);
    }

    /// <summary>Writes a frame of content or metadata when the limits of the peer allow; it hears from us meanwhile.</summary>
    public async ValueTask SendAsync(FrameKind kind, ReadOnlyMemory<byte> payload)
    {
        ValueTask pass = meter.SendingAsync(FrameHeader.Size + payload.Length, traffic, watch.Token);
        if (pass.IsCompletedSuccessfully) await pass;
        else await AwaitAsync(pass.AsTask());
        Write(kind, payload.Span);
        await FlushIfLargeAsync();
    }

    private ValueTask FlushIfLargeAsync() => _unflushed >= FlushBytes ? FlushAsync() : ValueTask.CompletedTask;

    public async ValueTask FlushAsync()
    {
        watch.Arm();
        var result = await output.FlushAsync(watch.Token);
        watch.Disarm();
        _unflushed = 0;
        // The peer has gone, or took back its request: whatever is worked on for it should stop.
        if (result.IsCompleted || result.IsCanceled) throw new OperationCanceledException("the peer no longer listens");
    }

    /// <summary>Awaits work; what was written before goes out first, and the peer hears from us while it takes long.</summary>
    public async ValueTask<T> AwaitAsync<T>(ValueTask<T> work)
    {
        if (work.IsCompleted) return await work;
        var task = work.AsTask();
        await AwaitAsync(task);
        return await task;
    }

    public async ValueTask AwaitAsync(Task work)
    {
        try
        {
            if (!work.IsCompleted && _unflushed > 0) await FlushAsync();
            while (!work.IsCompleted)
            {
                var alive = work.WaitAsync(aliveInterval, time, watch.Token);
                await alive.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (work.IsCompleted || alive.IsCompletedSuccessfully) break;
                watch.Token.ThrowIfCancellationRequested();
                Write(FrameKind.Alive, []);
                await FlushAsync();
            }
        }
        catch when (!work.IsCompleted)
        {
            // The work goes on with buffers and enumerators of ours until it notices its token: wait for that before they are given back.
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        await work;
    }
}
