using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Tests.Simulation;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Replay;

/// <summary>
/// A link that serves one frozen state and brings one node at a time, in a given order, when it is told to. What the model
/// does not have (the root) comes with the first.
/// </summary>
internal sealed class ReplayLink : IVolumeLink, IDisposable
{
    private readonly Replica _puller;
    private readonly PullServer _server;
    private readonly List<string> _order;
    private readonly int _count;
    private readonly SemaphoreSlim _go = new(0), _waits = new(0);

    /// <param name="world">The machines.</param>
    /// <param name="puller">Who asks.</param>
    /// <param name="peer">Who serves.</param>
    /// <param name="view">What it serves.</param>
    /// <param name="order">In which order the nodes come.</param>
    /// <param name="count">How many there were if all came again that an interrupted pull brought.</param>
    /// <param name="path">What is asked for; nothing for everything. A part comes as it comes.</param>
    public ReplayLink(World world, Replica puller, Replica peer, IMetadataSnapshot view, List<string> order, int count, IReadOnlyList<FileName> path)
    {
        _puller = puller;
        _order = order;
        _count = count;
        Peer = peer.Id;
        _server = new PullServer(view, 1, world.VolumeId, peer.Identity, Knowledge.Empty);
        var session = new PullSession(puller.Volume, this);
        Session = Task.Run(() => path.Count > 0 ? session.RunPartAsync(path, CancellationToken.None) : session.RunAsync(CancellationToken.None));
    }

    public PeerId Peer { get; }

    public Task<PullResult> Session { get; }

    /// <summary>Lets the next node through, or the end; returns when it was merged.</summary>
    public async Task StepAsync()
    {
        _go.Release();
        Task waits = _waits.WaitAsync();
        await Task.WhenAny(Session, waits);
        if (Session.IsFaulted) await Session;
    }

    /// <summary>Waits until the first node is asked for, or all is over.</summary>
    public async Task ArriveAsync()
    {
        await Task.WhenAny(Session, _waits.WaitAsync());
        if (Session.IsFaulted) await Session;
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> RequestAsync(ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        PullRequest decoded = PullRequest.Decode(request.Span);

        // What came with an interrupted pull the model leaves out; its order is another one.
        List<byte[]> frames = [.. _server.Answer(_puller.Id, decoded with { Resume = null })];
        if (decoded.AsksForNodes || decoded.AsksForPath || frames.Count == 1)
        {
            foreach (byte[] piece in frames.SelectMany(static frame => FramePieces.Split(frame, mayCompress: false))) yield return piece;
            yield break;
        }

        foreach (byte[] piece in FramePieces.Split(frames[0], mayCompress: false)) yield return piece;
        Dictionary<string, NodeRecord> nodes = frames.Skip(1).SelectMany(frame => ItemFrame.Decode(frame, out _) ?? []).ToDictionary(node => ReplicatedState.Short(node.Id.Creation));
        bool hasRoot = nodes.Remove(ReplicatedState.Short(NodeId.Root.Creation), out NodeRecord? root);
        if (hasRoot) yield return Frame(root!);
        if (nodes.Count != _count || _order.Exists(name => !nodes.ContainsKey(name)))
        {
            throw new InvalidOperationException($"{_puller.Name} is sent {string.Join(' ', nodes.Keys.Order(StringComparer.Ordinal))}, the model sends {string.Join(' ', _order)}");
        }

        foreach (string name in _order)
        {
            await WaitAsync();
            yield return Frame(nodes[name]);
        }

        await WaitAsync();
        yield return FramePieces.Split(ItemFrame.EncodeEnd((ulong)(_order.Count + (hasRoot ? 1 : 0))), mayCompress: false).Single();
    }

    /// <summary>Pulls that were left stay where they are; nothing waits for them.</summary>
    public void Dispose()
    {
        _go.Dispose();
        _waits.Dispose();
    }

    private async Task WaitAsync()
    {
        _waits.Release();
        await _go.WaitAsync();
    }

    private static byte[] Frame(NodeRecord node)
    {
        var items = new WireWriter();
        ItemFrame.WriteItem(items, node);
        return FramePieces.Split(ItemFrame.EncodeItems(items, 1), mayCompress: false).Single();
    }
}
