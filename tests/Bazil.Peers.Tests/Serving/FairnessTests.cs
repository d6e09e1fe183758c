using System.Runtime.CompilerServices;
using Bazil.Peers.Tests.Nodes;

namespace Bazil.Peers.Tests.Serving;

/// <summary>Whatever is on its way on a slow line, metadata does not wait behind more than 256 KiB of it; and what nobody reads fills no memory.</summary>
public sealed class FairnessTests
{
    private const int WaitBytesMax = 256 << 10;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ping_waits_behind_little_of_a_full_backlog_on_its_own_connection()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var relay = new Relay(nodes.White.Server.Port);
        nodes.Black.Addresses[nodes.White.Id] = [relay.Address];
        nodes.Volume.Answer = (_, cancel) => Endless(new StrongBox<long>(), cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var full = new TaskCompletionSource();
        Task reading = ReadAsync(nodes, full, stop.Token);
        await full.Task.WaitAsync(Cancel);
        Relay.Line line = relay.Lines.Single();
        var waits = new List<long>();
        for (int i = 0; i < 10; i++)
        {
            long before = line.FromServer;
            await nodes.Call.PingAsync(Cancel);
            waits.Add(line.FromServer - before);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", waits));
        Assert.All(waits, wait => Assert.InRange(wait, 1, WaitBytesMax));
    }

    [Fact]
    public async Task Metadata_goes_on_while_the_connection_for_content_stands_still()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var relay = new Relay(nodes.White.Server.Port);
        nodes.Black.Addresses[nodes.White.Id] = [relay.Address];
        nodes.Store.Objects[ObjectTests.Id(1)] = ObjectTests.Bytes(8 << 20);
        Assert.False(await nodes.Call.Store.HasAsync(ObjectTests.Id(2), Cancel));
        relay.Lines.Single().Hold();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task get = nodes.Call.Store.GetAsync(ObjectTests.Id(1), stop.Token).AsTask();
        byte[] request = ObjectTests.Bytes(100_000);
        Assert.Equal(request, (await nodes.ExchangeAsync(request, Cancel)).SelectMany(static frame => frame));
        await nodes.Call.PingAsync(Cancel);
        Assert.Equal(2, relay.Lines.Count);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
    }

    [Fact]
    public async Task Answer_is_made_only_as_far_as_the_reader_reads()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var made = new StrongBox<long>();
        nodes.Volume.Answer = (_, cancel) => Endless(made, cancel);
        await using var frames = nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[] { 1 }, Cancel).GetAsyncEnumerator(Cancel);
        long read = 0;
        for (int i = 0; i < 200; i++)
        {
            Assert.True(await frames.MoveNextAsync());
            read += frames.Current.Length;

            // The windows of HTTP/2 grow with the speed of the line, to 16 MiB at most.
            Assert.InRange(Volatile.Read(ref made.Value) - read, 0, 20 << 20);
        }
    }

    private static async Task ReadAsync(TwoNodes nodes, TaskCompletionSource full, CancellationToken cancel)
    {
        long read = 0;
        await foreach (var frame in nodes.Call.ExchangeAsync(TwoNodes.VolumeId, nodes.Key, new byte[] { 1 }, cancel))
        {
            read += frame.Length;
            if (read > 2 << 20) full.TrySetResult();
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless(StrongBox<long> made, [EnumeratorCancellation] CancellationToken cancel)
    {
        byte[] frame = new byte[64 << 10];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            Interlocked.Add(ref made.Value, frame.Length);
            yield return frame;
            await Task.Yield();
        }
    }
}
