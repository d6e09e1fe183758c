using Bazil.Core;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// How edits become one batch of rows.
internal sealed partial class Transaction
{
    private readonly List<(InodeId Parent, FileName Name)> _shown = [];

    // Made when they are first used: most transactions only look something up.
    private byte[]? _key;
    private WireWriter? _writer;
    private MetadataBatch? _batch;

    /// <summary>True when nodes of another replica are merged: only then can directories come to form a cycle.</summary>
    public bool MergesForeign { get; init; }

    /// <summary>From whom they came; none when they are salvaged rows.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>True when deletions that waited become visible: nothing is held.</summary>
    public bool ShowsDeletions { get; init; }

    /// <summary>When it happens; for the local times of what a merge changes.</summary>
    public UnixTime Now { get; init; }

    /// <summary>Extra rows of this transaction, written in the same batch.</summary>
    public MetadataBatch Batch => _batch ??= new MetadataBatch();

    private WireWriter Writer => _writer ??= new WireWriter();

    /// <summary>Chunks of content that the edits name and that no sync of the content store covers yet.</summary>
    public List<BlobSubtree> Unsynced { get; } = [];

    /// <summary>
    /// Applies all edits in one batch: records, rows of names, indexes, volume-wide values. Survives the death of the
    /// process at once, power loss after the next sync.
    /// </summary>
    /// <returns>What the kernel may have cached and is no longer so.</returns>
    public CommittedChange Commit()
    {
        PlaceEdits();
        if (MergesForeign || State.Loose.Count > 0)
        {
            while (BreakCycles(MovedDirectories())) PlaceEdits();
        }

        // Alone, everything is known to all members, and nothing needs to be remembered.
        if (!MergesForeign && Members().Count <= 1) Purge([.. _edits.Where(e => HasTombstone(e.Value)).Select(e => e.Key)], State.Knowledge);
        if (IsEdited(EpochsInode)) State.NewestKeyEpoch = NewestEpoch(Read(EpochsInode));
        if (!_version.IsNone) State.Chain(RunningHash.Next(State.Head, StampedRecords()));
        ForgetFrozen();
        foreach (Edit edit in _edits.Values) WriteEdit(edit);
        foreach (((InodeId parent, FileName name), Claim[] claims) in _rows) WriteRow(parent, name, claims);
        WriteAccounts();
        Store.Trash.WriteTotals(Batch);
        State.Write(Batch, Store.Tables);
        Store.Commit(Batch, Unsynced);
        return Publish();
    }

    private List<InodeId> MovedDirectories() =>
        [.. _edits.Where(e => e.Value.Record.IsDirectory && !e.Value.IsPurged && !ReferenceEquals(e.Value.Before?.Links, e.Value.Record.Links)).Select(e => e.Key)];

    private IEnumerable<NodeRecord> StampedRecords() =>
        _edits.Values.Select(edit => edit.Record).Where(record => record.Stamp[Version.Replica] >= _firstTick).OrderBy(record => record.Id);

    private CommittedChange Publish()
    {
        foreach ((InodeId inode, Edit edit) in _edits)
        {
            if (edit.IsPurged) Store.Cache.Remove(inode);
            else Store.Cache.Set(edit.Record);
            if (!edit.IsPurged && !edit.Record.Reference.IsCoveredBy(State.Knowledge)) Store.Referenced.Note(inode);
        }

        return new CommittedChange([.. _shown], [.. _edits.Where(e => e.Value.Before is not null).Select(e => e.Key)]);
    }

    private void WriteEdit(Edit edit)
    {
        NodeRecord record = edit.Record;
        MetadataKey row = Key(Table.Inode).Add(record.Inode);
        if (edit.IsPurged)
        {
            Batch.Delete(row.Bytes);
            Batch.Delete(Key(Table.Node).Add(record.Id).Bytes);
        }
        else
        {
            if (edit.Before is null) PutNew(row.Bytes, NodeCodec.EncodeRow(Writer, record, State.ReferenceId(record.Reference)));
            else Batch.Put(row.Bytes, NodeCodec.EncodeRow(Writer, record, State.ReferenceId(record.Reference)));
            if (edit.Before is null) WriteInode(record);
        }

        WriteStamps(edit);
        WriteAdopted(edit);
        WriteHiddenChildren(edit);
        SetIndex(Table.Tombstone, record.Inode, edit.Before is { } before && HasTombstone(before, edit.PlacedBefore), HasTombstone(edit));
        SetIndex(Table.Held, record.Inode, edit.Before is { Held: not null }, !edit.IsPurged && record.Held is not null);
        WriteOverwritten(edit);
        SetOldSealed(edit);
        SetConflict(record.Inode, edit.Before is { } was && HasConflict(was), !edit.IsPurged && HasConflict(record));
    }

    private void WriteInode(NodeRecord record)
    {
        Writer.Clear();
        Writer.WriteUInt64(record.Inode.Value);
        PutNew(Key(Table.Node).Add(record.Id).Bytes, Writer.Span);
    }

    private void WriteStamps(Edit edit)
    {
        Knowledge before = edit.Before?.Stamp ?? Knowledge.Empty;
        Knowledge after = edit.IsPurged ? Knowledge.Empty : edit.Record.Stamp;
        if (ReferenceEquals(before, after)) return;
        foreach ((ReplicaId replica, ulong tick) in before)
        {
            if (after[replica] != tick) Batch.Delete(Key(Table.Change).Add(replica).Add(tick).Add(edit.Record.Id).Bytes);
        }

        foreach ((ReplicaId replica, ulong tick) in after)
        {
            if (before[replica] != tick) PutNew(Key(Table.Change).Add(replica).Add(tick).Add(edit.Record.Id).Bytes, []);
        }
    }

    /// <summary>Content that a pull brings may be made of fossils: nothing of it was put or hit here, so a row keeps it until the next collection (docs/gc.md).</summary>
    private void WriteAdopted(Edit edit)
    {
        if (!MergesForeign || edit.IsPurged || Store.CollectionGeneration() is not (> 0 and var generation)) return;
        foreach (FacetPair<ContentValue> pair in edit.Record.Content.Pairs)
        {
            Manifest manifest = pair.Value.Manifest;
            if (pair.Value.Form != ContentForm.Blob || (edit.Before?.Content.Holds(manifest) ?? false)) continue;
            Store.Adopted.Add(Batch, generation, edit.Record.Inode, pair.Value);
        }
    }

    private void WriteHiddenChildren(Edit edit)
    {
        if (edit.IsInPlace || (edit.Before is null && IsPlainlyShown(edit))) return;
        HashSet<NodeId> before = edit.Before is null ? [] : HiddenParents(edit.Before, edit.PlacedBefore);
        HashSet<NodeId> after = edit.IsPurged ? [] : HiddenParents(edit.Record, edit.Placed);
        foreach (NodeId parent in before.Except(after)) Batch.Delete(Key(Table.HiddenChild).Add(parent).Add(edit.Record.Inode).Bytes);
        foreach (NodeId parent in after.Except(before)) Batch.Put(Key(Table.HiddenChild).Add(parent).Add(edit.Record.Inode).Bytes, []);
    }

    /// <summary>True for a new node that has one place and is shown there: nearly all.</summary>
    private static bool IsPlainlyShown(Edit edit) =>
        !edit.IsPurged && edit.Placed is [{ IsAtHome: true }] && edit.Record.Links is [{ Places.Pairs: [var place], Last.Value.Parent: var last }] && place.Value.Parent == last;

    /// <summary>The parents that a node names without being shown in them.</summary>
    private static HashSet<NodeId> HiddenParents(NodeRecord record, List<PlacedClaim> placed)
    {
        var parents = new HashSet<NodeId>();
        foreach (Link link in record.Links)
        {
            parents.Add(link.Last.Value.Parent);
            foreach (FacetPair<Place> pair in link.Places.Pairs) parents.Add(pair.Value.Parent);
        }

        if (placed.Count == 0) return parents;
        int index = 0;
        foreach (PlacedLink place in record.Places())
        {
            // Claims are in the order of places, so that many links cost no search.
            bool isNext = index < placed.Count && placed[index].Claim.LinkId == place.LinkId;
            bool isAtHome = isNext ? placed[index].IsAtHome : placed.Exists(claim => claim.IsAtHome && claim.Claim.LinkId == place.LinkId);
            index++;
            if (isAtHome) parents.Remove(place.Place.Parent);
        }

        return parents;
    }

    private static bool HasTombstone(Edit edit) => !edit.IsPurged && HasTombstone(edit.Record, edit.Placed);

    private static bool HasTombstone(NodeRecord record, List<PlacedClaim> placed) =>
        record.Id != NodeId.Root && !record.IsVolumeWide && (placed.Count == 0 || record.Links.Any(link => !link.IsLive));

    private static bool HasConflict(NodeRecord record) =>
        record.Content.IsConflict || record.Attributes.IsConflict || record.Links.Any(link => link.Places.IsConflict);

    private void WriteRow(InodeId parent, FileName name, Claim[] claims)
    {
        MetadataKey row = Key(Table.Dirent).Add(parent).Add(name.Span);
        Claim[] claimsBefore = ReadClaimsBefore(parent, name);
        int before = claimsBefore.Length;
        if (claims.Length == 0) Batch.Delete(row.Bytes);
        else if (before == 0) PutNew(row.Bytes, ClaimRow.Encode(Writer, claims));
        else Batch.Put(row.Bytes, ClaimRow.Encode(Writer, claims));
        bool isShared = claims.Length > 1 && claims.Any(claim => !claim.IsDirectory);
        _shown.Add((parent, name));
        bool wasShared = before > 1;
        SetRow(Key(Table.Conflict).Add([2]).Add(parent).Add(name.Span), ClaimRow.CountDirectories(claimsBefore) > 1, ClaimRow.CountDirectories(claims) > 1);
        if (!isShared && !wasShared) return;
        MetadataKey conflict = Key(Table.Conflict).Add([1]).Add(parent).Add(name.Span);
        if (isShared) Batch.Put(conflict.Bytes, []);
        else Batch.Delete(conflict.Bytes);
    }

    private void SetConflict(InodeId inode, bool before, bool after) => SetRow(Key(Table.Conflict).Add([0]).Add(inode), before, after);

    /// <summary>Notes content that is sealed in an ended epoch. What lies there since before the rotation is noted when it is looked at.</summary>
    private void SetOldSealed(Edit edit)
    {
        uint newest = State.NewestKeyEpoch;
        if (newest == 0) return;
        MetadataKey key = Key(Table.OldSealed).Add(edit.Record.Inode);
        if (!edit.IsPurged && edit.Record.OldestKeyEpoch < newest) Batch.Put(key.Bytes, []);
        else if (edit.Before is { } before && before.OldestKeyEpoch < newest) Batch.Delete(key.Bytes);
    }

    /// <summary>The number of the newest epoch, 0 when the volume was never rotated.</summary>
    public static uint NewestEpoch(NodeRecord? epochs) => epochs is null ? 0 : KeyEpochList.Of(epochs.Epochs).Newest.Number;

    private void SetIndex(Table table, InodeId inode, bool before, bool after) => SetRow(Key(table).Add(inode), before, after);

    /// <summary>Puts a row where there is none yet.</summary>
    private void PutNew(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Store.Undo?.NoteNew(key);
        Batch.Put(key, value);
    }

    private void SetRow(MetadataKey key, bool before, bool after)
    {
        if (after && !before) Batch.Put(key.Bytes, []);
        if (before && !after) Batch.Delete(key.Bytes);
    }

    private MetadataKey Key(Table table) => Store.Tables.Key(_key ??= new byte[MetadataKey.MaxSize], table);
}
