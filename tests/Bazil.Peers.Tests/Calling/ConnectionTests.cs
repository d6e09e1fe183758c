using Bazil.Peers.Tests.Nodes;

namespace Bazil.Peers.Tests.Calling;

public sealed class ConnectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Friends_answer_pings()
    {
        await using var nodes = await TwoNodes.StartAsync();
        Assert.True(await nodes.Call.PingAsync(Cancel) > TimeSpan.Zero);
        await nodes.Call.PingAsync(Cancel);
    }

    [Fact]
    public async Task Node_that_was_not_added_is_refused()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.White.Known.Clear();
        var e = await Assert.ThrowsAsync<PeerRefusedException>(() => nodes.Call.PingAsync(Cancel));
        Assert.Contains($"bazil peer add {nodes.Black.Id}", e.Message);
    }
}
