using Bazil.Core;
using Bazil.Peers.Tests.Nodes;
using Bazil.Peers.Tests.Serving;

namespace Bazil.Peers.Tests.Metering;

public sealed class MeterTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_sides_count_the_same_bytes()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var white = nodes.White.Meters.Of(nodes.Black.Id);
        var black = nodes.Black.Meters.Of(nodes.White.Id);
        await nodes.Call.Store.PutAsync(ObjectTests.Id(1), ObjectTests.Bytes(200_000), Cancel);
        Assert.InRange(black.SentBytes, 200_000, 200_200);
        Assert.Equal(black.SentBytes, white.ReceivedBytes);

        (await nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel))!.Dispose();
        await nodes.ExchangeAsync(ObjectTests.Bytes(100_000), Cancel);
        Assert.InRange(white.SentBytes, 300_000, 300_300);
        Assert.Equal(white.SentBytes, black.ReceivedBytes);
        Assert.Equal(black.SentBytes, white.ReceivedBytes);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Limit_of_either_side_slows_content_down_and_breaks_nothing(bool ofServer, bool isGet)
    {
        // Half a second at the limit: what is checked is that it comes, and that the limit was asked.
        var limits = new RateLimits(2 << 20, 2 << 20);
        await using var nodes = await TwoNodes.StartAsync();
        if (ofServer) nodes.White.Rates[nodes.Black.Id] = limits;
        else nodes.Black.Rates[nodes.White.Id] = limits;
        byte[] bytes = ObjectTests.Bytes(1 << 20);
        if (isGet) nodes.Store.Objects[ObjectTests.Id(1)] = bytes;
        long start = TimeProvider.System.GetTimestamp();
        if (isGet)
        {
            using var found = await nodes.Call.Store.GetAsync(ObjectTests.Id(1), Cancel);
            Assert.True(found!.Memory.Span.SequenceEqual(bytes));
            Assert.True(TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromMilliseconds(300)); // it can only be later
        }
        else
        {
            await nodes.Call.Store.PutManyAsync([.. Enumerable.Range(0, 4).Select(i => KeyValuePair.Create(ObjectTests.Id(i), (ReadOnlyMemory<byte>)bytes.AsMemory(i << 18, 1 << 18)))], Cancel);
            Assert.Equal(bytes, Enumerable.Range(0, 4).SelectMany(i => nodes.Store.Objects[ObjectTests.Id(i)]));
            Assert.True(TimeProvider.System.GetElapsedTime(start) > TimeSpan.FromMilliseconds(200));
        }
    }
}
