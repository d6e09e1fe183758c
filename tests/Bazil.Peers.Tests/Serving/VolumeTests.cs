using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.Peers.Tests.Nodes;

namespace Bazil.Peers.Tests.Serving;

public sealed class VolumeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Volume_is_found_by_name_once_both_sides_have_proved_the_key()
    {
        await using var nodes = await TwoNodes.StartAsync();
        Assert.Equal(new ConnectedVolume(TwoNodes.VolumeId, 1), await nodes.Call.ConnectVolumeAsync("photos", nodes.Key, Cancel));
    }

    [Fact]
    public async Task Wrong_sharing_key_is_named_and_no_metadata_flows()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Answer = (_, _) => throw new InvalidOperationException("the exchange was reached");
        var wrong = nodes.Prover(8, "enemies");
        var e = await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.Call.ConnectVolumeAsync("photos", wrong, Cancel));
        Assert.Equal("enemies", e.KeyName);
        Assert.Contains("\"photos\"", e.Message);

        // Whoever exchanges has proved the key once: another one by now means a rotation.
        await Assert.ThrowsAsync<RotatedKeyException>(async () =>
        {
            await foreach (var _ in nodes.Call.ExchangeAsync(TwoNodes.VolumeId, wrong, new byte[1], Cancel)) Assert.Fail("a frame came");
        });
    }

    [Fact]
    public async Task Unknown_volume_and_forbidden_volume_look_the_same()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var forbidden = nodes.White.Volumes[(nodes.Black.Id, "photos")];
        nodes.White.Volumes.Clear();
        nodes.White.Volumes[(nodes.White.Id, "photos")] = forbidden;
        var first = await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.ConnectVolumeAsync("photos", nodes.Key, Cancel));
        var second = await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.ConnectVolumeAsync("nonesuch", nodes.Key, Cancel));
        Assert.Equal(first.Message, second.Message.Replace("nonesuch", "photos", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exchange_carries_ten_thousand_frames_in_order()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Answer = (_, cancel) => Count(10_000, 300, cancel);
        var frames = await nodes.ExchangeAsync([1], Cancel);
        Assert.Equal(10_000, frames.Count);
        for (int i = 0; i < frames.Count; i++)
        {
            Assert.Equal(300, frames[i].Length);
            Assert.Equal(i, BitConverter.ToInt32(frames[i]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Limits.FrameBytes)]
    [InlineData(Limits.FrameBytes + 1)]
    [InlineData(Limits.ExchangeRequestBytes)]
    public async Task Request_and_answer_of_any_size_are_whole(int size)
    {
        await using var nodes = await TwoNodes.StartAsync();
        var request = ObjectTests.Bytes(size);
        var frames = await nodes.ExchangeAsync(request, Cancel);
        Assert.True(request.AsSpan().SequenceEqual(frames.SelectMany(frame => frame).ToArray()));
    }

    [Fact]
    public async Task Exchange_is_pulled_only_as_fast_as_it_is_read()
    {
        await using var nodes = await TwoNodes.StartAsync();
        int produced = 0;
        nodes.Volume.Answer = (_, cancel) => Produce(cancel);
        await using var answer = nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel).GetAsyncEnumerator(Cancel);
        for (int i = 0; i < 100; i++) Assert.True(await answer.MoveNextAsync());
        // 200 MiB are on offer; what may be under way is a few windows and buffers.
        Assert.InRange(Volatile.Read(ref produced), 100, 1500);

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Produce([EnumeratorCancellation] CancellationToken cancel)
        {
            var frame = new byte[64 << 10];
            for (int i = 0; i < 3200; i++)
            {
                await Task.Yield();
                cancel.ThrowIfCancellationRequested();
                Interlocked.Increment(ref produced);
                yield return frame;
            }
        }
    }

    [Fact]
    public async Task Reader_that_stops_early_ends_the_exchange_at_the_server()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var ended = new TaskCompletionSource();
        nodes.Volume.Answer = (_, cancel) => Endless(ended, cancel);
        await foreach (var _ in nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel)) break;
        await ended.Task.WaitAsync(Cancel);
    }

    [Fact]
    public async Task Failure_of_the_server_in_the_middle_is_an_error_and_not_an_end()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Answer = (_, cancel) => Count(5, 10, cancel, thenThrow: new InvalidOperationException("secret path"));
        var frames = 0;
        var e = await Assert.ThrowsAsync<PeerProtocolException>(async () =>
        {
            await foreach (var _ in nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[1], Cancel)) frames++;
        });
        Assert.Equal(5, frames);
        Assert.DoesNotContain("secret", e.Message);
    }

    [Fact]
    public async Task Request_that_the_volume_cannot_read_is_reported_as_such()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Answer = (_, cancel) => Count(0, 1, cancel, thenThrow: new PeerProtocolException(nodes.Black.Id, "bad knowledge"));
        var e = await Assert.ThrowsAsync<PeerProtocolException>(() => nodes.ExchangeAsync([1], Cancel));
        Assert.Contains("did not understand", e.Message);
    }

    [Fact]
    public async Task Rotated_key_must_be_proved_anew()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.ExchangeAsync([1], Cancel);
        nodes.Volume.Key = nodes.Prover(9, "rotated");
        await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.ExchangeAsync([1], Cancel));
        nodes.Volume.Key = nodes.Prover(7, "friends");
        Assert.Single(await nodes.ExchangeAsync([1], Cancel));
    }

    [Fact]
    public async Task Server_that_restarts_is_found_again_and_proved_again()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.ExchangeAsync([1], Cancel);
        await nodes.White.Server.DisposeAsync();
        await using var reborn = await TestNode.StartAsync(1);
        nodes.Black.Befriend(reborn);
        reborn.Volumes[(nodes.Black.Id, "photos")] = nodes.Volume;
        Assert.Single(await nodes.ExchangeAsync([1], Cancel));
    }

    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> Count(
        int frames, int size, [EnumeratorCancellation] CancellationToken cancel, Exception? thenThrow = null)
    {
        var frame = new byte[size];
        for (int i = 0; i < frames; i++)
        {
            cancel.ThrowIfCancellationRequested();
            if (i % 100 == 0) await Task.Yield();
            BitConverter.TryWriteBytes(frame, i);
            yield return frame;
        }
        if (thenThrow is not null) throw thenThrow;
    }

    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless(
        TaskCompletionSource ended, [EnumeratorCancellation] CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                yield return new byte[1000];
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancel);
            }
        }
        finally
        {
            ended.TrySetResult();
        }
    }
}
