using System.Collections.Concurrent;
using System.Net;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Calling;
using Bazil.Storage.Eviction;
using Bazil.Storage.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace Bazil.Peers.Tests.Nodes;

/// <summary>One node on the loopback: its key, its server with everything a test allows, its client.</summary>
internal sealed class TestNode : IPeerService, IPeerAddressBook, IAsyncDisposable
{
    /// <summary>For what ends by itself on a machine that is not busy: handshakes, and connecting by the real clock.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly SigningKey _key;
    private readonly PeerClientOptions _clientOptions;
    private readonly TimeProvider _time;

    private TestNode(byte seed, TimeProvider? time, PeerServerOptions? serverOptions, PeerClientOptions? clientOptions)
    {
        _key = SigningKey.FromSeed([.. Enumerable.Repeat(seed, SigningKey.SeedSize)]);
        _time = time ?? TimeProvider.System;
        _clientOptions = clientOptions ?? (time is null ? new PeerClientOptions { ConnectTimeout = Patience } : new PeerClientOptions());
        Identity = new NodeIdentity(_key, _time);
        Server = new PeerServer(
            Identity,
            this,
            (serverOptions ?? new PeerServerOptions { HandshakeTimeout = Patience }) with { Endpoint = new IPEndPoint(IPAddress.Loopback, 0) },
            _time,
            new SodiumEntropy(),
            NullLogger<PeerServer>.Instance,
            Runs = new PeerRuns(RunId.Random(new SodiumEntropy()), _time, NullLogger<PeerRuns>.Instance),
            Meters = new PeerMeters(_time, peer => Rates.GetValueOrDefault(peer)));
        Client = new PeerClient(Identity, this, _clientOptions, _time, new SodiumEntropy(), Runs, Meters);
    }

    public NodeIdentity Identity { get; }

    public PeerMeters Meters { get; }

    public PeerRuns Runs { get; }

    /// <summary>What this node holds its peers to.</summary>
    public ConcurrentDictionary<PeerId, RateLimits> Rates { get; } = [];

    public PeerServer Server { get; }

    public PeerClient Client { get; }

    public PeerId Id => _key.PeerId;

    public SigningKey Key => _key;

    public ConcurrentDictionary<PeerId, bool> Known { get; } = [];

    public ConcurrentDictionary<PeerId, IObjectStore> Stores { get; } = [];

    public ConcurrentDictionary<(PeerId Peer, string Name), TestVolume> Volumes { get; } = [];

    public ConcurrentDictionary<PeerId, string[]> Addresses { get; } = [];

    public string Address => $"127.0.0.1:{Server.Port}";

    public static async Task<TestNode> StartAsync(
        byte seed, TimeProvider? time = null, PeerServerOptions? server = null, PeerClientOptions? client = null)
    {
        var node = new TestNode(seed, time, server, client);
        await node.Server.StartAsync(CancellationToken.None);
        return node;
    }

    /// <summary>Lets this node call the other, and the other know this one.</summary>
    public void Befriend(TestNode other)
    {
        Known[other.Id] = true;
        other.Known[Id] = true;
        Addresses[other.Id] = [other.Address];
    }

    public IPeerConnection To(TestNode other) => Client.For(other.Id);

    /// <summary>A connection of its own on which a test says what it likes.</summary>
    public Task<PeerLink> DialAsync(TestNode other) =>
        new PeerDialer(other.Id, Identity, this, _clientOptions, _time, Runs).DialAsync(CancellationToken.None);

    public bool IsKnown(PeerId peer) => Known.ContainsKey(peer);

    public IPeerVolume? FindVolume(PeerId peer, string name) => Volumes.GetValueOrDefault((peer, name));

    public IPeerVolume? FindVolume(PeerId peer, VolumeId id) =>
        Volumes.FirstOrDefault(entry => entry.Key.Peer == peer && entry.Value.Id == id).Value;

    public ConcurrentDictionary<PeerId, HoldGranter> Holds { get; } = [];

    public HoldGranter? HoldsFor(PeerId peer) => Holds.GetValueOrDefault(peer);

    public IObjectStore? StoreFor(PeerId peer) => Stores.GetValueOrDefault(peer);

    public IObjectStore? PutsOf(PeerId peer) => Stores.GetValueOrDefault(peer);

    public IReadOnlyList<string> AddressesOf(PeerId peer) => Addresses.GetValueOrDefault(peer, []);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        _key.Dispose();
    }
}
