using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// The totals of the subtrees of one volume. A change adds to the waiting row of the directory concerned, in the batch of the change itself;
/// <see cref="SubtreeFold"/> takes waiting rows into the totals later, and passes them on to the parent. Guarded by the volume's gate.
/// <para>Invariants, in every state that can be found on the disk: what a directory has been given (totals and waiting row) is the sum of the own
/// weights of the counted nodes placed in it and of the totals of its subdirectories; the totals of a directory, and its own weight if it is
/// counted, are what has been given to the directory that shows it; a node is counted when its inode is not above <see cref="CountedUpTo"/>.</para>
/// </summary>
internal sealed class SubtreeAccounts
{
    private readonly VolumeTables _tables;
    private readonly Dictionary<InodeId, SubtreeTotals> _waiting = [];
    private readonly byte[] _key = new byte[MetadataKey.MaxSize];
    private readonly WireWriter _writer = new();

    public SubtreeAccounts(VolumeTables tables)
    {
        _tables = tables;
        if (tables.ReadState(CountedName) is { } row) CountedUpTo = new MetadataKeyReader(row).ReadInode();
        using IMetadataCursor cursor = tables.Reader.ScanPrefix(Key(Table.SubtreeChange).Bytes);
        while (cursor.MoveNext()) _waiting.Add(new MetadataKeyReader(cursor.Key[^VolumeTables.InodeBytes..]).ReadInode(), SubtreeTotals.Read(cursor.Value));
    }

    private static ReadOnlySpan<byte> CountedName => "counted"u8;

    private static InodeId Everything => new(ulong.MaxValue);

    /// <summary>Nodes up to this inode are in the totals. All are, except while a volume of an older version is being counted.</summary>
    public InodeId CountedUpTo { get; private set; }

    public bool IsComplete => CountedUpTo == Everything;

    /// <summary>Directories with changes that wait. Bounded by how many directories change between two folds.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Directories with changes that wait.</summary>
    public IReadOnlyCollection<InodeId> Waiting => _waiting.Keys;

    public bool IsCounted(InodeId inode) => inode.Value <= CountedUpTo.Value;

    /// <summary>The totals of a directory without what waits.</summary>
    public SubtreeTotals Totals(InodeId directory) =>
        _tables.Reader.Get(Key(Table.SubtreeTotals).Add(directory).Bytes) is { } row ? SubtreeTotals.Read(row) : SubtreeTotals.Nothing;

    /// <summary>What waits to be taken in by a directory itself.</summary>
    public SubtreeTotals WaitingFor(InodeId directory) => _waiting.GetValueOrDefault(directory, SubtreeTotals.Nothing);

    /// <summary>Adds the rows of a transaction's changes to its batch.</summary>
    public void Write(MetadataBatch batch, SubtreeChanges changes)
    {
        foreach ((InodeId directory, SubtreeTotals added) in changes.Added)
        {
            SubtreeTotals before = WaitingFor(directory), after = before.Add(added);
            if (after == before) continue;
            _waiting[directory] = after;
            Put(batch, Table.SubtreeChange, directory, after);
        }

        foreach (InodeId directory in changes.Dropped)
        {
            batch.Delete(Key(Table.SubtreeTotals).Add(directory).Bytes);
            batch.Delete(Key(Table.SubtreeChange).Add(directory).Bytes);
            _waiting.Remove(directory);
        }
    }

    /// <summary>Takes what waits for a directory into its totals.</summary>
    /// <param name="batch">Gets the rows.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="parent">The directory that shows it; none for the root and for directories that are not shown.</param>
    public void Fold(MetadataBatch batch, InodeId directory, InodeId parent)
    {
        if (!_waiting.Remove(directory, out SubtreeTotals waiting)) return;
        batch.Delete(Key(Table.SubtreeChange).Add(directory).Bytes);
        SubtreeTotals before = Totals(directory), after = before.Add(waiting);
        if (after == before) return;
        Put(batch, Table.SubtreeTotals, directory, after);
        if (parent == default) return;
        SubtreeTotals given = WaitingFor(parent).Add(waiting);
        _waiting[parent] = given;
        Put(batch, Table.SubtreeChange, parent, given);
    }

    /// <summary>Notes that all nodes up to this one are counted from now on.</summary>
    public void SetCounted(MetadataBatch batch, InodeId upTo)
    {
        CountedUpTo = upTo;
        _writer.Clear();
        _writer.WriteUInt64(upTo.Value);
        batch.Put(Key(Table.VolumeState).Add(CountedName).Bytes, _writer.Span);
    }

    /// <summary>Notes that every node is counted, those to come included.</summary>
    public void SetComplete(MetadataBatch batch) => SetCounted(batch, Everything);

    private void Put(MetadataBatch batch, Table table, InodeId directory, in SubtreeTotals totals)
    {
        totals.Write(_writer);
        batch.Put(Key(table).Add(directory).Bytes, _writer.Span);
    }

    private MetadataKey Key(Table table) => _tables.Key(_key, table);
}
