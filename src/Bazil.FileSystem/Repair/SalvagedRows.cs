using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Repair;

/// <summary>The rows of one volume as they were got out of a damaged database: any of them may be missing, and any may make no sense.</summary>
internal sealed class SalvagedRows(IMetadataStore metadata, uint number)
{
    private const int RowsPerBatch = 1000;
    private const int PrefixBytes = 1 + sizeof(uint);

    /// <summary>What says something that the records of nodes do not.</summary>
    private static readonly Table[] _kept =
    [
        Table.VolumeState, Table.MemberKnowledge, Table.Head, Table.SnapshotRef, Table.Working, Table.Patch, Table.Adopted, Table.MemberVouch, Table.MemberSnapshots,
    ];

    public VolumeTables Tables { get; } = new(metadata, number);

    /// <summary>Rows of nodes and names that make no sense.</summary>
    public long MalformedCount { get; private set; }

    /// <summary>Small synced changes that lost what they were made to.</summary>
    public int LoosePatchCount { get; private set; }

    /// <summary>Whether rows that matter may be missing.</summary>
    public bool MayLack(MetadataSalvage salvage)
    {
        foreach (Table table in (Table[])[Table.Inode, .. _kept])
        {
            if (salvage.MayLack(Prefix(table, number))) return true;
        }

        return false;
    }

    /// <summary>All records that can be read, in the order of their inodes.</summary>
    public IEnumerable<NodeRecord> Records()
    {
        foreach ((byte[] key, byte[] value) in Scan(Table.Inode))
        {
            if (TryDecode(() => NodeCodec.DecodeRow(new MetadataKeyReader(key.AsSpan(PrefixBytes)).ReadInode(), value, static _ => Knowledge.Empty)) is { } record) yield return record;
        }
    }

    /// <summary>All names that can be read, with their claims.</summary>
    public IEnumerable<(InodeId Parent, FileName Name, Claim[] Claims)> Names()
    {
        foreach ((byte[] key, byte[] value) in Scan(Table.Dirent))
        {
            if (key.Length <= PrefixBytes + VolumeTables.InodeBytes) continue;
            if (TryDecode(() => ClaimRow.Decode(value)) is not { } claims) continue;
            InodeId parent = new MetadataKeyReader(key.AsSpan(PrefixBytes, VolumeTables.InodeBytes)).ReadInode();
            if (FileName.TryCreate(key.AsSpan(PrefixBytes + VolumeTables.InodeBytes), out FileName name)) yield return (parent, name, claims);
        }
    }

    /// <summary>The nodes that the log of changes names, some more than once.</summary>
    public IEnumerable<NodeId> ChangedNodes()
    {
        foreach ((byte[] key, _) in Scan(Table.Change))
        {
            if (key.Length >= PrefixBytes + NodeId.Size) yield return NodeId.Read(key.AsSpan(key.Length - NodeId.Size));
        }
    }

    /// <summary>The record of an inode if it is there and can be read.</summary>
    public NodeRecord? FindRecord(InodeId inode)
    {
        try
        {
            return Tables.ReadRecord(inode, static _ => Knowledge.Empty);
        }
        catch (WireFormatException)
        {
            return null; // counted when all are read
        }
    }

    /// <summary>The snapshots, the newest first.</summary>
    public IReadOnlyList<SnapshotReference> Snapshots(List<string> notes)
    {
        var found = new List<SnapshotReference>();
        foreach ((byte[] key, byte[] value) in Scan(Table.SnapshotRef))
        {
            try
            {
                found.Add(SnapshotReference.Decode(FileName.Parse(key.AsSpan(PrefixBytes)), value));
            }
            catch (WireFormatException e)
            {
                notes.Add($"a snapshot cannot be found any more: {e.Message}");
            }
        }

        return [.. found.OrderByDescending(static snapshot => snapshot.Taken.Seconds).ThenByDescending(static snapshot => snapshot.Taken.Nanoseconds)];
    }

    public void CopyStateTo(uint target)
    {
        foreach (Table table in _kept) CopyTable(table, number, target);
        CopyTable(Table.Pin, number, target);
        LoosePatchCount = PatchRows.DropLoose(metadata, new VolumeTables(metadata, target));
        VolumeState.ForgetStructure(metadata, new VolumeTables(metadata, target));
    }

    public void CopySnapshotsTo(uint target)
    {
        CopyTable(Table.SnapshotRef, number, target);
        CopyTable(Table.Pin, number, target);
    }

    /// <summary>Puts the rows of another number in the place of these.</summary>
    public void Replace(uint source)
    {
        Volume.Delete(metadata, number);
        foreach (Table table in VolumeTables.All) CopyTable(table, source, number);
        metadata.Sync();
    }

    private void CopyTable(Table table, uint source, uint target)
    {
        var batch = new MetadataBatch();
        byte[] to = Prefix(table, target);
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(table, source));
        while (cursor.MoveNext())
        {
            batch.Put([.. to, .. cursor.Key[PrefixBytes..]], cursor.Value);
            if (batch.Count < RowsPerBatch) continue;
            metadata.Commit(batch);
            batch.Clear();
        }

        metadata.Commit(batch);
    }

    private IEnumerable<(byte[] Key, byte[] Value)> Scan(Table table)
    {
        using IMetadataCursor cursor = metadata.ScanPrefix(Prefix(table, number));
        while (cursor.MoveNext()) yield return (cursor.Key.ToArray(), cursor.Value.ToArray());
    }

    private T? TryDecode<T>(Func<T> decode)
        where T : class
    {
        try
        {
            return decode();
        }
        catch (Exception e) when (e is WireFormatException or OverflowException)
        {
            MalformedCount++;
            return null;
        }
    }

    private static byte[] Prefix(Table table, uint of) => new MetadataKey(stackalloc byte[MetadataKey.MaxSize], table).Add(of).Bytes.ToArray();
}
