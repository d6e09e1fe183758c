using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Live;
using Bazil.Peers;
using Bazil.Server.Config;
using Bazil.Server.Sync;
using Bazil.Server.Volumes;
using Bazil.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Server.Tests.Sync;

/// <summary>This node with its synchronisation and a clock of its own, and a peer with the same volume behind a connection that a test controls.</summary>
internal sealed class SyncRig : IAsyncDisposable
{
    private readonly TestNode _here;
    private readonly TestNode _there;
    private int _pullsEnded;

    public SyncRig(string root, bool isAutomatic = true)
    {
        _here = new TestNode(Path.Combine(root, "here"), Time);
        _there = new TestNode(Path.Combine(root, "there"), Time);
        VolumeId id = VolumeId.Random(new SodiumEntropy());
        There = _there.AddVolume("files", id, isOwn: true).Volume;
        There.AddMember(_here.Id);
        Here = _here.AddVolume("files", id, isOwn: false).Volume;
        _here.Config.AddPeer(_there.Id);
        _here.Config.UpdatePeer(_there.Id, p => p with { Volumes = [id], Locations = ["192.0.2.1:1"], Nickname = "there" });
        Connection = new FakeConnection(_there.Id, There, _here.Id);
        Service = new SyncService(PartsOf(_here) with { IsAutomatic = isAutomatic }, NullLogger<SyncService>.Instance);
    }

    public ManualTime Time { get; } = new();

    public Volume Here { get; }

    public Volume There { get; }

    public FakeConnection Connection { get; }

    public SyncService Service { get; }

    /// <summary>How often it was told that a pull has ended.</summary>
    public int PullsEnded => Volatile.Read(ref _pullsEnded);

    public ConfigStore Config => _here.Config;

    public SyncPair Pair => PairOf(PeerId);

    public PeerId PeerId => _there.Id;

    public PeerRuns Runs { get; } = new(RunId.Random(new SodiumEntropy()), TimeProvider.System, NullLogger<PeerRuns>.Instance);

    /// <summary>Another member, with a connection of its own and the same volume.</summary>
    public FakeConnection AddPeer(byte fill)
    {
        var id = new PeerId(Enumerable.Repeat(fill, PeerId.Size).ToArray());
        There.AddMember(id);
        var connection = new FakeConnection(id, There, _here.Id);
        Connection.Others[id] = connection;
        Config.AddPeer(id);
        Config.UpdatePeer(id, p => p with { Volumes = [Here.Id], Locations = ["192.0.2.2:1"] });
        return connection;
    }

    public SyncPair PairOf(PeerId peer) => Service.Pairs.Single(pair => pair.Peer == peer);

    /// <summary>Waits until the pair is as wanted.</summary>
    public Task<SyncState> WaitForAsync(Func<SyncState, bool> isWanted, CancellationToken cancel) => WaitForAsync(PeerId, isWanted, cancel);

    /// <summary>Waits until the pair with a peer is as wanted.</summary>
    public async Task<SyncState> WaitForAsync(PeerId peer, Func<SyncState, bool> isWanted, CancellationToken cancel)
    {
        while (true)
        {
            long revision = Service.Revision;
            if (Service.Pairs.SingleOrDefault(pair => pair.Peer == peer) is { } pair && isWanted(pair.State)) return pair.State;
            await Service.WhenChangedAsync(revision, cancel);
        }
    }

    /// <summary>Moves the clock in small steps until the peer is called. Returns how far it went.</summary>
    public async Task<TimeSpan> AdvanceToCallAsync(CancellationToken cancel)
    {
        TimeSpan step = TimeSpan.FromMilliseconds(50), total = TimeSpan.Zero;
        Task<bool> called = Connection.CalledAsync(cancel).AsTask();
        while (!called.IsCompleted)
        {
            Time.Advance(step);
            total += step;

            await Task.Yield();
        }

        await called;
        return total;
    }

    /// <summary>Moves the clock in small steps until the pair with a peer is in that phase.</summary>
    public async Task AdvanceToPhaseAsync(PeerId peer, SyncPhase phase, CancellationToken cancel)
    {
        Task<SyncState> reached = WaitForAsync(peer, s => s.Phase == phase, cancel);
        while (!reached.IsCompleted)
        {
            Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancel);
        }

        await reached;
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await _here.DisposeAsync();
        await _there.DisposeAsync();
    }

    private SyncParts PartsOf(TestNode node) => new()
    {
        Config = node.Config,
        Volumes = node.Volumes,
        Epochs = node.Epochs,
        Notes = new KeyNotes(node.Config, node.Keys, NullLogger<KeyNotes>.Instance),
        Connections = Connection,
        Addresses = node.Addresses,
        Port = static () => 0,
        Time = Time,
        Entropy = new SodiumEntropy(),
        HeedsNetwork = false, // other tests make networks meanwhile
        PullEnded = () => Interlocked.Increment(ref _pullsEnded),
        Phrase = static text => text,
    };
}
