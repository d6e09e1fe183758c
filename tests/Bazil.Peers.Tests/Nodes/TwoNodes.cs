using Bazil.Core;
using Bazil.Core.Crypto;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>White serves a store and a volume called <c>photos</c>; black may use both and calls.</summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    public static readonly VolumeId VolumeId = new(0x0123456789abcdef);

    private readonly List<SharingKey> _keys = [];

    private TwoNodes(TestNode white, TestNode black)
    {
        White = white;
        Black = black;
        Key = Prover(7, "friends");
        black.Befriend(white);
        white.Stores[black.Id] = Store;
        Volume = new TestVolume(VolumeId, Key);
        white.Volumes[(black.Id, "photos")] = Volume;
    }

    public TestNode White { get; }

    public TestNode Black { get; }

    public ISharingKeyProver Key { get; }

    public TestStore Store { get; } = new();

    public TestVolume Volume { get; }

    public IPeerConnection Call => Black.To(White);

    public static async Task<TwoNodes> StartAsync(
        PeerServerOptions? server = null, PeerClientOptions? client = null, TimeProvider? clientTime = null, TimeProvider? serverTime = null)
    {
        var white = await TestNode.StartAsync(1, serverTime, server);
        var black = await TestNode.StartAsync(2, clientTime, client: client);
        return new TwoNodes(white, black);
    }

    public ISharingKeyProver Prover(byte secret, string name)
    {
        var key = new SharingKey([.. Enumerable.Repeat(secret, SharingKey.Size)]);
        _keys.Add(key);
        return new SharingKeyProver(name, key);
    }

    public async Task<List<byte[]>> ExchangeAsync(byte[] request, CancellationToken cancel)
    {
        var frames = new List<byte[]>();
        await foreach (var frame in Call.ExchangeAsync(VolumeId, Key, request, cancel)) frames.Add(frame.ToArray());
        return frames;
    }

    public async ValueTask DisposeAsync()
    {
        await Black.DisposeAsync();
        await White.DisposeAsync();
        foreach (var key in _keys) key.Dispose();
    }
}
