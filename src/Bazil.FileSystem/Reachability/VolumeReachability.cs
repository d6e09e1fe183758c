using System.Buffers;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Sync;
using Bazil.FileSystem.Trash;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Reachability;

/// <summary>
/// Everything that one volume refers to, as of one view of the rows: all content values of all nodes, shown or not, conflict siblings and
/// what unfinished pulls brought; content of open files, saved or not; what pulls brought and lost again since the last
/// collection of garbage; and the snapshots, with their directories and files.
/// <para>Streams, with bounded memory: a stack as deep as the deepest tree, and <see cref="Limits.SubtreesRememberedMax"/>, beyond which a file
/// remembers. A chunk that was walked is not walked again, so what many snapshots share is read once; single chunks may be named several
/// times. One walk at a time; used once.</para>
/// </summary>
public sealed class VolumeReachability
{
    private readonly VolumeTables _tables;
    private readonly IReadOnlyList<HeldContent> _held;
    private readonly IChunkReader _chunks;
    private readonly Stack<Step> _open = new();
    private VisitedSubtrees? _visited; // while it walks
    private ChunkLineage? _above;
    private int _walksAgain;

    /// <param name="view">The rows; open as long as the walk and the origins are in use. Not disposed here.</param>
    /// <param name="localNumber">The number under which this machine keeps the volume's rows.</param>
    /// <param name="held">What <see cref="Volume.ListHeldContentAsync"/> returned before the view was taken.</param>
    /// <param name="chunks">Where pointer chunks and directories are read: what is missing there is reported, so it decides whether others are asked.</param>
    public VolumeReachability(IMetadataReader view, uint localNumber, IReadOnlyList<HeldContent> held, IChunkReader chunks)
    {
        _tables = new VolumeTables(view, localNumber);
        _held = held;
        _chunks = chunks;
    }

    /// <summary>The snapshots of other members, too, as this node was told of them: of the members but this node; null for none.</summary>
    public PeerId? KeepsSnapshotsBeside { get; init; }

    /// <summary>What pulls brought since the last collection, too, even if it has been replaced since (docs/gc.md).</summary>
    public bool KeepsAdopted { get; init; }

    /// <summary>What is in the trash, too: as far as this machine has it, for others need not keep it.</summary>
    public bool KeepsTrash { get; init; }

    /// <summary>Leaves out what was seen before: content of nodes that have not changed since, and those snapshots. Null for nothing.</summary>
    public ContentMark? Beyond { get; init; }

    /// <summary>From where it is walked.</summary>
    public ContentRoots From { get; init; } = ContentRoots.All;

    /// <summary>Where the file of visited chunks is made, if they are too many for the memory.</summary>
    public string ScratchDirectory { get; init; } = Path.GetTempPath();

    /// <summary>How many visited chunks are remembered in memory.</summary>
    internal int RememberedMax { get; init; } = Limits.SubtreesRememberedMax;

    /// <summary>Walks it all. A chunk that cannot be read comes with its failure, and the walk goes on beside it: the caller decides.</summary>
    /// <exception cref="WireFormatException">A row is damaged.</exception>
    /// <exception cref="MetadataException">The database failed.</exception>
    /// <exception cref="IOException">The scratch file failed.</exception>
    public async IAsyncEnumerable<ReachableChunk> WalkAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        using var visited = new VisitedSubtrees(RememberedMax, ScratchDirectory);
        _visited = visited;
        foreach (Step root in Roots())
        {
            _open.Push(root);
            while (_open.TryPop(out Step step))
            {
                cancel.ThrowIfCancellationRequested();
                BlobSubtree subtree = step.Subtree;
                bool hasMore = step.Type != ChunkType.File || subtree.Level > 0;
                if (subtree.Key.IsZero || (hasMore && !visited.TryAdd(subtree.Key))) continue;
                _above = hasMore ? new ChunkLineage(subtree.Key, step.Above) : null;
                Exception? failure = hasMore ? await ExpandAsync(step, cancel) : null;
                if (failure is not null) visited.Remove(subtree.Key);
                yield return new ReachableChunk(step.Type, subtree.Level, subtree.Key, subtree.KeyEpoch, step.SizeBytesMax, step.Origin, failure) { Above = step.Above };
            }
        }
    }

    /// <summary>
    /// Lets everything above a chunk be walked again where something else refers to it, so that the chunk is met through each thing
    /// that needs it: for one that is damaged or missing. Only during the walk, and only so often (<see cref="Limits.WalksAgainMax"/>).
    /// </summary>
    public void WalkAgain(in ReachableChunk chunk)
    {
        Invariant.Check(_visited is not null);
        if (_walksAgain >= Limits.WalksAgainMax) return;
        _walksAgain++;
        for (ChunkLineage? at = chunk.Above; at is not null; at = at.Above) _visited.Remove(at.Key);
    }

    private IEnumerable<Step> Roots() =>
        NodeRoots()
            .Concat((Has(ContentRoots.Open) ? _held : []).Select(held => new Step(ChunkType.File, held.Subtree, new NodeOrigin(_tables, held.Inode, "open"))))
            .Concat(WorkingRoots())
            .Concat(SnapshotRoots())
            .Concat(MemberSnapshotRoots())
            .Concat(TrashRoots())
            .Concat(AdoptedRoots()); // last: what anything else leads to, too, is reported as that

    private bool Has(ContentRoots roots) => (From & roots) != 0;

    private IEnumerable<Step> NodeRoots() => !Has(ContentRoots.Shown | ContentRoots.Siblings) ? [] : Beyond is { } mark ? ChangedNodeRoots(mark) : AllNodeRoots();

    private IEnumerable<Step> AllNodeRoots()
    {
        int prefixBytes = Prefix(Table.Inode).Length;
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(Prefix(Table.Inode));
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefixBytes..]).ReadInode();
            foreach (Step step in NodeRoots(inode, NodeCodec.DecodeRow(inode, cursor.Value, static _ => Knowledge.Empty))) yield return step;
        }
    }

    private IEnumerable<Step> ChangedNodeRoots(ContentMark mark)
    {
        foreach (NodeId node in ChangeIndex.NodesBeyond(_tables, mark.Knowledge))
        {
            InodeId inode = node == NodeId.Root ? InodeId.Root : _tables.FindInode(node);
            if (inode == default || _tables.ReadRecord(inode, static _ => Knowledge.Empty) is not { } record) continue;
            foreach (Step step in NodeRoots(inode, record)) yield return step;
        }
    }

    private IEnumerable<Step> NodeRoots(InodeId inode, NodeRecord record)
    {
        if (Has(ContentRoots.Siblings) && record.Held?.Content is { Value: { Form: ContentForm.Blob } held }) yield return StepOf(held, new NodeOrigin(_tables, inode, "deleted by a peer"));
        if (record.Content.IsEmpty) yield break;
        ContentValue? shown = record.ShownContent?.Value;

        // Equal values may be sealed under different key epochs, as different objects.
        foreach (ContentValue value in record.Content.Pairs.ToArray().Select(static pair => pair.Value).Where(static value => value.Form == ContentForm.Blob).DistinctBy(static value => value.Manifest))
        {
            bool isShown = value.Equals(shown);
            if (Has(isShown ? ContentRoots.Shown : ContentRoots.Siblings)) yield return StepOf(value, new NodeOrigin(_tables, inode, isShown ? null : "conflict"));
        }
    }

    private IEnumerable<Step> WorkingRoots()
    {
        if (!Has(ContentRoots.Working)) yield break;
        int prefixBytes = Prefix(Table.Working).Length;
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(Prefix(Table.Working));
        while (cursor.MoveNext())
        {
            InodeId inode = new MetadataKeyReader(cursor.Key[prefixBytes..]).ReadInode();
            WorkingContent working = WorkingContent.Decode(cursor.Value, inode);
            var origin = new NodeOrigin(_tables, inode, "open");
            if (working.Value.Form == ContentForm.Blob) yield return StepOf(working.Value, origin);
            if (working.Seen is { Form: ContentForm.Blob } seen) yield return StepOf(seen, origin);
        }
    }

    private IEnumerable<Step> TrashRoots() =>
        from entry in KeepsTrash ? TrashRows.Scan(_tables) : []
        where entry.Content is { Form: ContentForm.Blob }
        select StepOf(entry.Content!, new TrashOrigin(entry) { IsReplaced = true });

    private IEnumerable<Step> AdoptedRoots()
    {
        if (!KeepsAdopted) yield break;
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(Prefix(Table.Adopted));
        while (cursor.MoveNext())
        {
            if (AdoptedRows.IsIncompleteMark(cursor.Value)) continue;
            AdoptedContent adopted = AdoptedContent.Decode(cursor.Value);
            yield return StepOf(adopted.Value, new NodeOrigin(_tables, adopted.Inode, "replaced since") { IsReplaced = true });
        }
    }

    private IEnumerable<Step> SnapshotRoots()
    {
        if (!Has(ContentRoots.Snapshots)) yield break;
        int prefixBytes = Prefix(Table.SnapshotRef).Length;
        using IMetadataCursor cursor = _tables.Reader.ScanPrefix(Prefix(Table.SnapshotRef));
        while (cursor.MoveNext())
        {
            FileName name = FileName.Parse(cursor.Key[prefixBytes..]);
            SnapshotReference reference = SnapshotReference.Decode(name, cursor.Value);
            if (Beyond is { } mark && mark.Snapshots.Contains(reference.Key)) continue;
            yield return new Step(ChunkType.Snapshot, Single(reference.Key.Value, level: 0, keyEpoch: 1), new SnapshotOrigin(null, name));
        }
    }

    private IEnumerable<Step> MemberSnapshotRoots()
    {
        if (KeepsSnapshotsBeside is not { } self) yield break;
        HashSet<PeerId> members = [.. _tables.ReadRecord(Transaction.MembersInode, static _ => Knowledge.Empty)?.Members.DistinctValues() ?? []];
        foreach ((PeerId member, MemberSnapshots snapshots) in MemberSnapshots.ReadAll(_tables).Where(entry => entry.Key != self && members.Contains(entry.Key)))
        {
            foreach (SnapshotReference reference in snapshots.References)
            {
                yield return new Step(ChunkType.Snapshot, Single(reference.Key.Value, level: 0, keyEpoch: 1), new SnapshotOrigin(null, reference.Name) { Member = member });
            }
        }
    }

    /// <summary>Reads a chunk and opens what lies below it. Returns why that failed, or null.</summary>
    private async ValueTask<Exception?> ExpandAsync(Step step, CancellationToken cancel)
    {
        try
        {
            using IMemoryOwner<byte> chunk = await _chunks.GetAsync(step.Type, step.Subtree.Level, step.Subtree.Key, step.SizeBytesMax, cancel);
            switch (step.Type)
            {
                case ChunkType.File:
                    // So that they are opened, and come to lie in packs, in the order in which they are read.
                    foreach (BlobSubtree child in step.Subtree.Children(chunk.Memory).Reverse()) PushBelow(step with { Subtree = child });
                    break;
                case ChunkType.Snapshot:
                    SnapshotRoot root = SnapshotRootCodec.Read(chunk.Memory.Span, step.Origin.Describe());
                    PushBelow(StepOf(root.Directory, (SnapshotOrigin)step.Origin));
                    break;
                default:
                    ExpandDirectory(step, DirectoryNode.Parse(chunk.Memory.ToArray(), step.Subtree.Level, "directory of a snapshot"));
                    break;
            }

            return null;
        }
        catch (Exception e) when (e is StoreException or WireFormatException)
        {
            return e; // handed to the caller with the chunk
        }
    }

    private void ExpandDirectory(Step step, DirectoryNode node)
    {
        var directory = (SnapshotOrigin)step.Origin;
        for (int index = node.Count - 1; index >= 0; index--)
        {
            if (node.Level > 0)
            {
                PushBelow(step with { Subtree = step.Subtree with { Key = node.ChildOf(index), Level = (byte)(node.Level - 1) } });
                continue;
            }

            SnapshotEntry entry = node.EntryOf(index, nextCookie: 1, "directory of a snapshot");
            if (entry.Directory is { } below) PushBelow(StepOf(below, new SnapshotOrigin(directory, entry.Name)));
            if (entry.Content is { Form: ContentForm.Blob } content) PushBelow(StepOf(content, new SnapshotOrigin(directory, entry.Name)));
        }
    }

    /// <summary>Opens what lies right below the chunk that is being expanded.</summary>
    private void PushBelow(Step step) => _open.Push(step with { Above = _above });

    private byte[] Prefix(Table table) => _tables.Key(stackalloc byte[MetadataKey.MaxSize], table).Bytes.ToArray();

    private static Step StepOf(ContentValue value, ContentOrigin origin) => new(ChunkType.File, BlobSubtree.Of(value.Manifest), origin);

    private static Step StepOf(in DirectoryManifest directory, SnapshotOrigin origin) =>
        new(ChunkType.Directory, Single(directory.Root, directory.Height, directory.KeyEpoch), origin);

    /// <summary>A chunk that is not part of a blob: only key, level and epoch count.</summary>
    private static BlobSubtree Single(in ChunkKey key, byte level, uint keyEpoch) =>
        new(key, level, Manifest.DefaultChunkSizeBytes, Manifest.DefaultFanout, keyEpoch);

    /// <summary>A chunk to be reported, and to be walked if it has others below it.</summary>
    private readonly record struct Step(ChunkType Type, BlobSubtree Subtree, ContentOrigin Origin)
    {
        public ChunkLineage? Above { get; init; }

        public int SizeBytesMax => Type switch
        {
            ChunkType.File => Subtree.SizeBytesMax,
            ChunkType.Snapshot => SnapshotLimits.RootBytesMax,
            _ => SnapshotLimits.NodeBytesMax,
        };
    }
}
