using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Members, and both sides of a pull.
public sealed partial class Volume
{
    private readonly SemaphoreSlim _pulling = new(1, 1);
    private readonly VerifiedSignatures _verified = new();

    private readonly HashSet<PeerId> _heard = []; // members whose words of this run are known; guarded by the gate
    private ulong _agreedFresh; // the collection that all agree with since then

    /// <summary>Nodes may have been merged since a pull was completed: the next completion tidies up though it learns nothing. Guarded by the gate.</summary>
    private bool _hasMerged = true;

    /// <summary>The last own change when a pull was completed last: what was changed here since has to be looked at, too. Guarded by the gate.</summary>
    private ulong _ownTickCompleted;

    /// <summary>Whether what peers are told goes compressed. Off where the lengths of compressed things are not to be seen (<c>docs/crypto.md</c>). May be changed at any time.</summary>
    public bool MayCompressAnswers { get; set; } = true;

    /// <summary>The members of the volume; empty before the first pull of a volume of a peer.</summary>
    public IReadOnlyList<PeerId> Members()
    {
        lock (_gate) return new Transaction(_store).Members();
    }

    /// <summary>Makes a peer a member: it may pull, and nothing that it does not know is forgotten.</summary>
    public void AddMember(PeerId member)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (transaction.Members().Contains(member)) return;
            new LocalChange(transaction, Now()).AddMember(member);
            Commit(transaction);
        }
    }

    /// <summary>Removes a member: it is refused until it is added again.</summary>
    public void RemoveMember(PeerId member)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (!transaction.Members().Contains(member)) return;
            new LocalChange(transaction, Now()).RemoveMember(member);
            VolumeCollection.NoteDenied(transaction);

            // What waited for that member alone waits no longer.
            transaction.Purge(_store.Tables.ReadInodes(Table.Tombstone).Where(inode => !IsBeingWritten(inode)), transaction.KnownToAll());
            Commit(transaction);
        }
    }

    /// <summary>
    /// Answers a request of another member, whose identity and knowledge of the sharing key were proven below. What is
    /// served is durable before the first frame leaves.
    /// </summary>
    /// <exception cref="WireFormatException">The request is malformed.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ServeAsync(PeerId puller, ReadOnlyMemory<byte> request, [EnumeratorCancellation] CancellationToken cancel)
    {
        PullRequest decoded = PullRequest.Decode(request.Span);
        await SettlePatchesAsync(cancel);
        using IMetadataSnapshot view = FreezeForServing(out Knowledge vouched);
        await SyncAsync(cancel);
        var server = new PullServer(view, _options.LocalNumber, Id, _options.Identity, vouched);
        foreach (byte[] piece in server.Answer(puller, decoded).SelectMany(frame => FramePieces.Split(frame, MayCompressAnswers)))
        {
            cancel.ThrowIfCancellationRequested();
            yield return piece;
        }
    }

    /// <summary>
    /// The rows as they stand, and what this node vouches for at the same moment: what it knows, or what it knew when open files took
    /// over content that has been replaced since. What is written to those may bring it back.
    /// </summary>
    private IMetadataSnapshot FreezeForServing(out Knowledge vouched)
    {
        lock (_gate)
        {
            vouched = Vouched();
            return _options.Metadata.Snapshot();
        }
    }

    /// <summary>What this node vouches for now. Under the gate.</summary>
    private Knowledge Vouched()
    {
        Knowledge known = _snapshotKnowledge is { } low ? low.Meet(_store.State.Knowledge) : _store.State.Knowledge;
        if (_heldKnowledge is { } held) known = known.Meet(held);
        return _files.Values.Concat(_unlinked.Values).Aggregate(known, (vouched, file) => vouched.Meet(VouchedBeside(file)));
    }

    /// <summary>What can be vouched for while a file is open with the content that it has. Under the gate.</summary>
    private Knowledge VouchedBeside(OpenFile file)
    {
        Knowledge known = HoldsReplacedContent(file) ? _store.State.Knowledge.Meet(file.SeenKnowledge) : _store.State.Knowledge;
        if (file.CopiedKnowledge is { } copied) known = known.Meet(copied);
        return file.Arriving.Aggregate(known, static (vouched, copy) => vouched.Meet(copy.Vouched));
    }

    /// <summary>Under the gate.</summary>
    private bool HoldsReplacedContent(OpenFile file) =>
        file.Seen is { Form: ContentForm.Blob } seen && !(_store.Read(file.Inode)?.Content.Holds(seen.Manifest) ?? false);

    /// <summary>
    /// Brings everything that another member has and this one does not know. May be interrupted at any point: what was
    /// merged stays, and the next pull goes on. One pull at a time, others wait.
    /// </summary>
    /// <exception cref="SyncException">Refused, or what came cannot be merged.</exception>
    /// <exception cref="IOException">The link failed.</exception>
    public Task<PullResult> PullAsync(IVolumeLink link, CancellationToken cancel) => PullAsync(new PullSession(this, link), session => session.RunAsync(cancel), cancel);

    private async Task<PullResult> PullAsync(PullSession session, Func<PullSession, Task<PullResult>> run, CancellationToken cancel)
    {
        await _pulling.WaitAsync(cancel);
        try
        {
            if (Failure is { } failure) throw new SyncException($"volume {Name} is read-only: {failure}");
            await SettlePatchesAsync(cancel);
            return await run(session);
        }
        finally
        {
            _pulling.Release();
        }
    }

    /// <summary>What a pull needs of the volume; each call is one step under the gate.</summary>
    internal Knowledge Knowledge
    {
        get
        {
            lock (_gate) return _store.State.Knowledge;
        }
    }

    /// <summary>Refuses a header whose claims are unsigned, beyond reason, or show two histories under one replica id.</summary>
    internal void CheckHeader(PullHeader header, PeerId peer)
    {
        lock (_gate)
        {
            if (header.Knowledge.LargestTick > _store.State.Clock + Limits.TickAheadMax) throw new SyncException($"peer {peer} claims ticks beyond reason");
            HashSet<Version> signed = [.. header.Heads.Select(head => new Version(head.Tick, head.Replica))];
            foreach ((ReplicaId replica, ulong tick) in header.Knowledge)
            {
                if (!signed.Contains(new Version(tick, replica))) throw new SyncException($"peer {peer} claims knowledge of replica {replica} without its head");
            }

            foreach (Head head in header.Heads) CheckHead(head, peer);
        }

        CheckClaims(header, peer);
    }

    /// <summary>Refuses what nobody can know, and what a member is said to vouch for without its signature.</summary>
    internal void CheckClaims(PullHeader header, PeerId peer)
    {
        IReadOnlyList<MemberStatement> statements = header.Statements ?? [];
        IEnumerable<Knowledge> claims = header.Members.Select(static member => member.Value).Concat(statements.Select(static statement => statement.Vouched)).Append(header.Horizon);
        if (!claims.All(claim => claim.IsCoveredBy(header.Knowledge))) throw new SyncException($"peer {peer} claims that somebody knows, or that it purged, more than it knows itself");
        MemberStatement[] unknown;
        lock (_gate) unknown = [.. statements.Where(statement => !(MemberStatement.Find(_store.Tables, statement.Member)?.IsSame(statement) ?? false))];

        // Not while others wait for the volume: a peer decides how many there are.
        foreach (MemberStatement statement in unknown)
        {
            if (!statement.IsValid(Id, _verified)) throw new SyncException($"peer {peer} shows what member {statement.Member} vouches for without its signature");
        }
    }

    private void CheckHead(Head head, PeerId peer)
    {
        Head? known = HeadTable.Read(_store.Tables, head.Replica);
        if (known is not null && known.Owner != head.Owner) throw new SyncException($"peer {peer} shows replica {head.Replica} under another owner");
        if (known is not null && known.Tick == head.Tick)
        {
            if (known.Hash.AsSpan().SequenceEqual(head.Hash)) return;
            throw new SyncException($"replica {head.Replica} of member {head.Owner} has two histories: was a data directory copied while it was in use?");
        }

        if (!head.IsValid(Id, _verified)) throw new SyncException($"peer {peer} shows a head of replica {head.Replica} whose signature is wrong");

        // Beyond our own log under the id we write with: this machine was rolled back while running. Never write under it again.
        OwnHead own = _store.State.Head;
        if (head.Owner == _store.Self && head.Replica == own.Replica && head.Tick > own.Tick)
        {
            var batch = new MetadataBatch();
            HeadTable.Put(batch, _store.Tables, Head.Sign(Id, own, _options.Identity));
            _store.State.EndHead();
            _heard.Clear(); // what was heard before is not known to cover what was rolled back
            _agreedFresh = 0;
            _store.State.Write(batch, _store.Tables);
            Guarded(() => _store.Commit(batch));
            _options.Log($"volume {Name}: this replica was rolled back: member {peer} knows changes of it that it lost; it goes on under a new replica id", null);
        }
    }

    /// <summary>Merges a batch of nodes.</summary>
    /// <param name="nodes">The batch.</param>
    /// <param name="header">What the serving side knows.</param>
    /// <param name="peer">Who it is.</param>
    /// <param name="point">How far the pull is with it; null leaves that as it was.</param>
    internal CommittedChange Merge(IReadOnlyList<NodeRecord> nodes, PullHeader header, PeerId peer, ResumePoint? point)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store) { MergesForeign = true, Peer = peer, Now = Now() };
            ulong tickMax = _store.State.Clock + Limits.TickAheadMax;
            foreach (NodeRecord node in nodes)
            {
                if (NodeMerge.LargestTick(node) > tickMax) throw new SyncException($"node {node.Id} claims ticks beyond reason");
                CheckKind(transaction, node);
                CheckReference(node, header);
                NodeMerge.Apply(transaction, node.Id, node, header.Knowledge.Join(node.Reference), header.Horizon);
            }

            NotePostponed(transaction);
            if (point is not null) NoteResumePoint(transaction, peer, point);
            CommittedChange change = Commit(transaction);
            _hasMerged = true;
            _hasHeldOfPull |= transaction.HasHeld;
            return change;
        }
    }

    /// <summary>In a full comparison: nodes that the serving side does not have are merged with an empty one.</summary>
    /// <param name="served">What it has.</param>
    /// <param name="compared">What was compared: null for everything.</param>
    /// <param name="header">What it knows.</param>
    /// <param name="peer">Who it is.</param>
    internal CommittedChange MergeAbsent(HashSet<NodeId> served, IReadOnlyList<NodeId>? compared, PullHeader header, PeerId peer)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store) { MergesForeign = true, Peer = peer, Now = Now() };
            foreach (NodeId node in (compared ?? AllNodes()).Where(node => !served.Contains(node) && node != NodeId.Root && node != NodeId.Members && node != NodeId.KeyEpochs))
            {
                NodeMerge.Apply(transaction, node, null, header.Knowledge, header.Horizon);
            }

            CommittedChange change = Commit(transaction);
            _hasMerged = true;
            _hasHeldOfPull |= transaction.HasHeld;
            return change;
        }
    }

    /// <summary>
    /// Directories that something here names as a place, shown there or not, and that are not here: purged, or an earlier pull was interrupted before they came.
    /// </summary>
    internal List<NodeId> FindMissingParents()
    {
        var missing = new List<NodeId>();
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.HiddenChild).Bytes.ToArray(), from = prefix;
        using IMetadataSnapshot view = _options.Metadata.Snapshot();
        var tables = new VolumeTables(view, _options.LocalNumber);
        byte[] end = MetadataKey.PrefixEnd(prefix, stackalloc byte[MetadataKey.MaxSize]).ToArray(), key = new byte[MetadataKey.MaxSize];
        while (FirstParent(view, from, end, prefix.Length) is { } parent)
        {
            if (parent != NodeId.Root && tables.FindInode(parent) == default) missing.Add(parent);
            from = tables.Key(key, Table.HiddenChild).Add(parent).Add(new InodeId(ulong.MaxValue)).Bytes.ToArray();
        }

        return missing;
    }

    private static NodeId? FirstParent(IMetadataReader reader, byte[] from, byte[] end, int prefixLength)
    {
        using IMetadataCursor cursor = reader.Scan(from, end);
        return cursor.MoveNext() ? NodeId.Read(cursor.Key[prefixLength..]) : null;
    }

    /// <summary>Before a completion that has to do with a lost history: finds the nodes of it while nobody waits for the volume.</summary>
    internal void FindReferenced()
    {
        IMetadataSnapshot view;
        lock (_gate)
        {
            if (_store.Referenced.IsFound || new PullCompletion(_store, Now(), static _ => { }).FindLost().Count == 0) return;
            _store.Referenced.Begin();
            view = _options.Metadata.Snapshot();
        }

        using (view)
        {
            var tables = new VolumeTables(view, _options.LocalNumber);
            Dictionary<uint, Knowledge> references = VolumeState.ReadReferences(tables);
            List<InodeId> found = ReferencedNodes.Scan(tables, id => references.GetValueOrDefault(id, Knowledge.Empty), VolumeState.ReadKnowledge(tables));
            lock (_gate) _store.Referenced.Found(found);
        }
    }

    /// <summary>Completes a pull: raises the knowledge, takes over horizon, heads and members' knowledge, and tidies up.</summary>
    internal CommittedChange CompletePull(PullHeader header, PeerId peer)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store) { MergesForeign = true, Peer = peer, Now = Now() };
            VolumeState state = _store.State;
            bool isNew = !header.Knowledge.IsCoveredBy(state.Knowledge) || !header.Horizon.IsCoveredBy(state.Horizon);
            foreach (Head head in header.Heads.Where(head => head.Tick == header.Knowledge[head.Replica]))
            {
                if (head.Tick > state.Knowledge[head.Replica] || HeadTable.Read(_store.Tables, head.Replica) is null) HeadTable.Put(transaction.Batch, _store.Tables, head);
            }

            // Rows of nobody in particular would be a way to fill this disk.
            HashSet<PeerId> members = [.. transaction.Members()];
            foreach ((PeerId member, Knowledge knowledge) in header.Members.Append(KeyValuePair.Create(peer, header.Knowledge)).Where(entry => members.Contains(entry.Key)))
            {
                Knowledge before = _store.ReadMemberKnowledge(member);
                if (knowledge.IsCoveredBy(before)) continue;
                transaction.SetMemberKnowledge(member, before.Join(knowledge));
                isNew = true;
            }

            isNew |= TakeOver(transaction, header.Statements ?? [], members, peer);

            // A machine that was rolled back may learn nothing but that it was.
            var completion = new PullCompletion(_store, Now(), message => _options.Log($"volume {Name}: {message}", null));
            isNew |= completion.FindLost().Count > 0;

            // Nothing learnt, nothing to write: two connected machines at rest stay at rest.
            if (!isNew && !_hasMerged && state.Head.Tick == _ownTickCompleted)
            {
                NoteWords(transaction, peer, header.Statements ?? []);
                return new CommittedChange([], []);
            }

            if (isNew) _revision++;

            NoteHeldKnowledge(transaction);
            NoteResumePoint(transaction, peer, point: null);
            state.Learn(header.Knowledge);
            state.RaiseHorizon(header.Horizon);
            state.DropCoveredReferences();
            foreach (Head head in HeadTable.ReadReferenced(_store.Tables).Where(head => head.Tick <= state.Knowledge[head.Replica]))
            {
                HeadTable.DeleteReferenced(transaction.Batch, _store.Tables, head);
            }

            completion.Apply(transaction, IsBeingWritten);
            VolumeCollection.NoteAgreement(transaction);
            CommittedChange change = Commit(transaction);
            (_hasMerged, _ownTickCompleted) = (false, state.Head.Tick);
            NoteWords(transaction, peer, header.Statements ?? []);
            return change;
        }
    }

    /// <summary>What has been heard from members since this volume was opened. Whoever looks at rows beside it looks at them after it.</summary>
    public MemberWords ReadWords()
    {
        lock (_gate) return new MemberWords(_heard.ToHashSet(), _agreedFresh);
    }

    /// <summary>
    /// Notes that a pull from a member was completed, and whether all agree since all of them were heard from. A statement that it passed on is as good, when it vouches for a change that was made here since the volume was opened: whoever signed
    /// it knew all that it had known before that, and whoever passed it on knew all of it. Not one whose list of snapshots did not come, which is not taken over. Under the gate, when the pull is committed.
    /// </summary>
    private void NoteWords(Transaction transaction, PeerId peer, IReadOnlyList<MemberStatement> statements)
    {
        // A statement whose list of snapshots did not come was not taken over, and is no word.
        if (!statements.Any(statement => statement.Member == peer && statement.Snapshots is null)) _heard.Add(peer);
        OwnHead own = _store.State.Head;
        if (!own.IsNone) _heard.UnionWith(statements.Where(statement => statement.Snapshots is not null && statement.Vouched[own.Replica] > 0).Select(static statement => statement.Member));
        if (transaction.Members().TrueForAll(member => member == _store.Self || _heard.Contains(member)) && VolumeCollection.FindAgreed(transaction) is { } generation) _agreedFresh = generation;
    }

    private bool IsBeingWritten(InodeId inode) => _files.TryGetValue(inode, out OpenFile? file) && file.Writers > 0;

    /// <summary>Signs the head that the last start left, so that others can be shown it: this start writes under a new id.</summary>
    private void SettleLastHead()
    {
        OwnHead last = VolumeState.ReadHead(_store.Tables);
        if (last.IsNone || HeadTable.Read(_store.Tables, last.Replica)?.Tick == last.Tick) return;
        var batch = new MetadataBatch();
        HeadTable.Put(batch, _store.Tables, Head.Sign(Id, last, _options.Identity));
        Guarded(() => _store.Commit(batch));
    }

    /// <summary>What is merged rests on these heads until the pull is completed; whoever pulls from us meanwhile is shown them too.</summary>
    internal void KeepHeads(PullHeader header)
    {
        lock (_gate)
        {
            var batch = new MetadataBatch();
            foreach (Head head in header.Heads.Where(head => head.Tick > _store.State.Knowledge[head.Replica])) HeadTable.PutReferenced(batch, _store.Tables, head);
            if (batch.Count > 0) Guarded(() => _store.Commit(batch));
        }
    }

    /// <summary>A reference beyond what was signed would make us deaf for changes that are yet to come.</summary>
    private static void CheckReference(NodeRecord node, PullHeader header)
    {
        foreach ((ReplicaId replica, ulong tick) in node.Reference)
        {
            bool isSigned = tick <= header.Knowledge[replica] || header.Heads.Any(head => head.Replica == replica && head.Tick >= tick);
            if (!isSigned) throw new SyncException($"node {node.Id} refers to changes of replica {replica} that nobody signed");
        }
    }

    private static void CheckKind(Transaction transaction, NodeRecord node)
    {
        if (transaction.Read(node.Id) is { } mine && mine.Kind != node.Kind) throw new SyncException($"node {node.Id} is a {mine.Kind} here and a {node.Kind} there");
    }

    private IEnumerable<NodeId> AllNodes()
    {
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Node).Bytes.ToArray();
        using IMetadataCursor cursor = _store.Tables.Reader.ScanPrefix(prefix);
        while (cursor.MoveNext()) yield return NodeId.Read(cursor.Key[prefix.Length..]);
    }
}
