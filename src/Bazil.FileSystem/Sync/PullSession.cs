using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Sync;

/// <summary>One pull of one volume from one member: asks, merges what comes in batches, completes.</summary>
internal sealed class PullSession(Volume volume, IVolumeLink link)
{
    private readonly HashSet<NodeId> _served = [];
    private ResumePoint? _point;
    private NodeId? _latest;
    private bool _isInOrder;
    private int _merged;
    private int _postponed;

    public Task<PullResult> RunAsync(CancellationToken cancel) => RefusingAsync(PullAsync(cancel));

    /// <summary>Pulls what belongs to a path, on either side, and leaves it at that: nothing is completed.</summary>
    public Task<PullResult> RunPartAsync(IReadOnlyList<FileName> path, CancellationToken cancel) => RefusingAsync(PullPartAsync(path, cancel));

    private async Task<PullResult> RefusingAsync(Task<PullResult> pull)
    {
        try
        {
            return await pull;
        }
        catch (WireFormatException e)
        {
            throw new SyncException($"peer {link.Peer} sent what cannot be merged into volume {volume.Name}: {e.Message}", e);
        }
    }

    private async Task<PullResult> PullAsync(CancellationToken cancel)
    {
        CheckMember();
        Knowledge known = volume.Knowledge;
        _point = volume.FindResumePoint(link.Peer);
        _isInOrder = true;
        PullHeader header = await AskAsync(Request(known, withKnowledge: known.Count <= PullRequest.KnowledgeAtOnceMax), known, cancel);
        if (header.Status == PullStatus.SendKnowledge) header = await AskAsync(Request(known, withKnowledge: true), known, cancel);
        _isInOrder = false;
        switch (header.Status)
        {
            case PullStatus.Same:
                volume.CheckClaims(header, link.Peer);
                break;
            case PullStatus.NotMember:
                throw NotMember();
            case PullStatus.SendKnowledge:
                throw new SyncException($"peer {link.Peer} asks for knowledge that it was sent");
        }

        if (header.IsFull) await ShowAsync(volume.MergeAbsent(_served, compared: null, header, link.Peer));
        await FetchMissingAsync(cancel);
        header = await new ListFetch(volume, link).RunAsync(header, cancel);
        volume.FindReferenced();
        await ShowAsync(volume.CompletePull(header, link.Peer));
        volume.EndHeldOfPull();
        return await EndAsync(cancel);
    }

    private async Task<PullResult> PullPartAsync(IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        CheckMember();
        bool hasOpenPull = volume.HasHeldOfPull;
        Knowledge known = volume.Knowledge;
        PullHeader header = await AskAsync(PullRequest.ForPath(known, path), known, cancel);
        if (header.Status == PullStatus.NotMember) throw NotMember();
        IReadOnlySet<NodeId> here = volume.NodesAt(path);
        if (here.Count == 0) throw new SyncException($"volume {volume.Name} has no {string.Join('/', path)}, neither here nor at peer {link.Peer}");

        // What is at the path here and was not sent has not changed there, or has left the path, or is gone.
        foreach (NodeId[] asked in here.Where(node => !_served.Contains(node)).ToList().Chunk(PullRequest.NodesMax))
        {
            header = await AskAsync(PullRequest.ForNodes(asked) with { Knowledge = known }, known, cancel);
            if (header.IsFull) await ShowAsync(volume.MergeAbsent(_served, asked, header, link.Peer));
        }

        await FetchMissingAsync(cancel);

        // What a pull of everything brought before it was cut off waits for the end of the next one.
        if (!hasOpenPull) volume.EndHeldOfPull();
        return await EndAsync(cancel);
    }

    private async Task<PullResult> EndAsync(CancellationToken cancel)
    {
        await volume.SettleDeletionsAsync(cancel);
        return new PullResult(_merged, _postponed);
    }

    private void CheckMember()
    {
        IReadOnlyList<PeerId> members = volume.Members();
        if (members.Count > 0 && !members.Contains(link.Peer)) throw new SyncException($"peer {link.Peer} is not a member of volume {volume.Name}; it becomes one with \"bazil peer volume allow\" here and \"bazil volume connect\" there");
    }

    private SyncException NotMember() =>
        new($"peer {link.Peer} does not count this node among the members of volume {volume.Name}: ask its owner for 'bazil peer volume allow'");

    private PullRequest Request(Knowledge known, bool withKnowledge) =>
        PullRequest.Changes(known, withKnowledge) with { StatementsDigest = volume.StatementsTakenOver(link.Peer), Resume = _point };

    /// <summary>Parents that were purged here and are needed again are asked for by id.</summary>
    private async Task FetchMissingAsync(CancellationToken cancel)
    {
        var asked = new HashSet<NodeId>();
        while (volume.FindMissingParents().Where(asked.Add).ToList() is { Count: > 0 } wanted)
        {
            foreach (NodeId[] some in wanted.Chunk(PullRequest.NodesMax)) await AskAsync(PullRequest.ForNodes(some), Knowledge.Empty, cancel);
        }
    }

    private async Task<PullHeader> AskAsync(PullRequest request, Knowledge known, CancellationToken cancel)
    {
        PullHeader? header = null;
        ulong received = 0;
        bool isEnded = false;
        var pieces = new FramePieces();
        await foreach (ReadOnlyMemory<byte> piece in link.RequestAsync(request.Encode(), cancel))
        {
            if (!pieces.Add(piece.Span, out ReadOnlyMemory<byte> frame)) continue;
            if (isEnded) throw new WireFormatException("frames follow the end");
            if (header is null)
            {
                header = PullHeader.Decode(frame.Span, known);
                isEnded = header.Status != PullStatus.Changes;
                if (isEnded) continue;
                volume.CheckHeader(header, link.Peer);
                volume.KeepHeads(header);

                // All of it comes then: the other side was restored from a backup, or has purged what may be here.
                if (_point is not null && (header.IsFull || !_point.Known.IsCoveredBy(header.Knowledge))) _point = null;
                continue;
            }

            if (ItemFrame.Decode(frame.Span, out ulong count) is { } nodes)
            {
                received += (ulong)nodes.Count;
                await MergeAsync(nodes, header);
                continue;
            }

            if (count != received) throw new WireFormatException($"{received} items came, {count} were sent");
            isEnded = true;
        }

        if (header is null || !isEnded) throw new SyncException($"the answer of peer {link.Peer} for volume {volume.Name} was cut off");
        return header;
    }

    private async Task MergeAsync(List<NodeRecord> nodes, PullHeader header)
    {
        CommittedChange change = volume.Merge(nodes, header, link.Peer, Advance(nodes, header));
        _served.UnionWith(nodes.Select(node => node.Id));
        _merged += nodes.Count;
        await ShowAsync(change);
        Link? latest = nodes.AsEnumerable().Reverse().SelectMany(static node => node.LiveLinks).FirstOrDefault();
        link.Report(new PullProgress(_merged, (long)Math.Min(header.ItemsExpected, long.MaxValue), latest?.Places.Largest.Value.Name));
    }

    /// <summary>How far the pull is with these nodes, if that is new: while they come in order, and are not all that there is.</summary>
    private ResumePoint? Advance(List<NodeRecord> nodes, PullHeader header)
    {
        foreach (NodeRecord node in nodes)
        {
            _isInOrder &= !header.IsFull && (_latest is not { } before || node.Id.CompareTo(before) > 0);
            _latest = node.Id;
        }

        if (!_isInOrder || _latest is not { } latest || (_point is not null && latest.CompareTo(_point.Last) <= 0)) return null;
        return _point = new ResumePoint(_point?.Known ?? header.Knowledge, latest);
    }

    private async Task ShowAsync(CommittedChange change) => _postponed += await volume.ShowAsync(change);
}
