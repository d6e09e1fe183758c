using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// Answers one pull from a frozen view of the rows, whose content and log are durable already. Needs no lock of the
/// volume and holds none.
/// </summary>
internal sealed class PullServer
{
    private readonly VolumeTables _tables;
    private readonly IMetadataSnapshot _view;
    private readonly VolumeId _volume;
    private readonly SigningKey _identity;
    private readonly Knowledge _vouched;
    private readonly Knowledge _knowledge;
    private readonly Dictionary<uint, Knowledge> _references;

    public PullServer(IMetadataSnapshot view, uint localNumber, VolumeId volume, SigningKey identity, Knowledge vouched)
    {
        _tables = new VolumeTables(view, localNumber);
        _view = view;
        _volume = volume;
        _identity = identity;
        _vouched = vouched;
        _knowledge = VolumeState.ReadKnowledge(_tables);
        _references = VolumeState.ReadReferences(_tables);
    }

    public IEnumerable<byte[]> Answer(PeerId puller, PullRequest request)
    {
        if (!IsMember(puller)) return [PullHeader.Only(PullStatus.NotMember).Encode()];
        if (request.AsksForLists) return Lists(request.Lists);
        if (request.AsksForNodes || request.AsksForPath) return AnswerPart(request);

        List<MemberStatement>? statements = Statements();
        if (request.StatementsDigest.AsSpan().SequenceEqual(MemberStatement.DigestOf(statements))) statements = null;

        // With nodes of an interrupted pull there is more than the knowledge says, whatever the other side knows.
        bool isComplete = _references.Values.All(reference => reference.IsCoveredBy(_knowledge));
        if (isComplete && request.Digest.AsSpan().SequenceEqual(PullRequest.DigestOf(_knowledge))) return [Header(PullStatus.Same, isFull: false, statements).Encode()];
        if (request.Knowledge is null) return [PullHeader.Only(PullStatus.SendKnowledge).Encode()];

        // Who does not know all that was purged here may still have it: only a full comparison tells.
        bool isFull = !VolumeState.ReadHorizon(_tables).IsCoveredBy(request.Knowledge);
        PullHeader header = Header(PullStatus.Changes, isFull, statements);
        if (isFull) return Items(header, AllNodes());
        SortedSet<NodeId> changed = ChangeIndex.NodesBeyond(_tables, request.Knowledge);

        // Who was restored from a backup since does not know any more what the puller got.
        if (request.Resume is { } point && point.Known.IsCoveredBy(_knowledge)) point.TakeFrom(changed, ChangeIndex.NodesBeyond(_tables, point.Known));
        return Items(header with { ItemsExpected = (ulong)changed.Count }, changed);
    }

    /// <summary>Named nodes, or what belongs to a path, with who are members and the epochs of the sharing key: whole, or as far as it changed beyond what the puller knows.</summary>
    private IEnumerable<byte[]> AnswerPart(PullRequest request)
    {
        bool isFull = request.Knowledge is { } known && !VolumeState.ReadHorizon(_tables).IsCoveredBy(known);
        IEnumerable<NodeId> nodes = request.Nodes;
        if (request.AsksForPath)
        {
            var scope = new PathScope(VolumeStore.ForReading(_view, _tables.Volume, _identity.PeerId), request.Path);
            nodes = scope.Above.Concat(scope.Nodes).Concat([NodeId.Members, NodeId.KeyEpochs]).Distinct();
        }

        return Items(Header(PullStatus.Changes, isFull, statements: null), nodes, isFull ? null : request.Knowledge);
    }

    private bool IsMember(PeerId peer) => IsMember(ReadRecord(Transaction.MembersInode), peer);

    private static bool IsMember(NodeRecord? members, PeerId peer) => members?.Members.Find(peer) is not null;

    private PullHeader Header(PullStatus status, bool isFull, List<MemberStatement>? statements)
    {
        var heads = new List<Head>(_knowledge.Count);
        OwnHead own = VolumeState.ReadHead(_tables);
        foreach ((ReplicaId replica, ulong tick) in _knowledge)
        {
            if (replica == own.Replica && tick == own.Tick) heads.Add(Head.Sign(_volume, own, _identity));
            else heads.Add(HeadTable.Read(_tables, replica) ?? throw new InvariantException($"replica {replica} is known without its head"));
        }

        if (status == PullStatus.Changes) heads.AddRange(HeadTable.ReadReferenced(_tables));
        return new PullHeader(status, isFull, _knowledge, VolumeState.ReadHorizon(_tables), heads, MemberTable.ReadAll(_tables)) { Statements = statements?.ConvertAll(statement => statement.ToSend(_tables)) };
    }

    /// <summary>What the members vouch for, this node among them. Who was removed is left out: nobody takes that over, and it would go along with each pull.</summary>
    private List<MemberStatement> Statements()
    {
        NodeRecord? members = ReadRecord(Transaction.MembersInode);
        return
        [
            .. MemberStatement.ReadAll(_tables).Where(statement => statement.Member != _identity.PeerId && IsMember(members, statement.Member)),
            MemberStatement.Sign(_volume, _identity, _vouched, MemberSnapshots.ReadOwn(_tables)),
        ];
    }

    /// <summary>Lists that statements named. What has changed since is left out: the next pull names the one that took its place.</summary>
    private IEnumerable<byte[]> Lists(IReadOnlyList<byte[]> digests)
    {
        HashSet<string> wanted = [.. digests.Select(Convert.ToHexStringLower)];
        ulong count = 0;
        foreach (MemberStatement statement in Statements().Where(statement => wanted.Remove(Convert.ToHexStringLower(statement.ListDigest))))
        {
            if (statement.WithList(_tables).Snapshots is not { } list) continue;
            yield return ItemFrame.EncodeList(list);
            count++;
        }

        yield return ItemFrame.EncodeEnd(count);
    }

    /// <param name="header">The first frame.</param>
    /// <param name="nodes">What may follow.</param>
    /// <param name="known">What covers the whole stamp of a node makes it needless; null for none.</param>
    private IEnumerable<byte[]> Items(PullHeader header, IEnumerable<NodeId> nodes, Knowledge? known = null)
    {
        yield return header.Encode();
        var items = new WireWriter();
        int count = 0;
        ulong total = 0;
        foreach (NodeId node in nodes)
        {
            InodeId inode = node == NodeId.Root ? InodeId.Root : _tables.FindInode(node);
            if (inode == default || ReadRecord(inode) is not { } record) continue;
            if (known is not null && record.Stamp.IsCoveredBy(known)) continue;
            ItemFrame.WriteItem(items, record);
            count++;
            total++;
            if (items.Length < Limits.FrameBytesTarget) continue;
            yield return ItemFrame.EncodeItems(items, count);
            items.Clear();
            count = 0;
        }

        if (count > 0) yield return ItemFrame.EncodeItems(items, count);
        yield return ItemFrame.EncodeEnd(total);
    }

    private IEnumerable<NodeId> AllNodes()
    {
        byte[] prefix = _tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Node).Bytes.ToArray();
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) yield return NodeId.Read(cursor.Key[prefix.Length..]);
    }

    private NodeRecord? ReadRecord(InodeId inode) => _tables.ReadRecord(inode, id => _references.GetValueOrDefault(id, Knowledge.Empty));
}
