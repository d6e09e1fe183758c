using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

/// <summary>
/// The rows of one volume, read from the live store or from a frozen view of it. Safe for concurrent use as far as the
/// reader is; holds no state but the volume's number, and knowledge that was read last.
/// </summary>
internal sealed class VolumeTables(IMetadataReader reader, uint volume)
{
    public const int InodeBytes = 8;

    /// <summary>Every table whose rows belong to one volume.</summary>
    public static readonly Table[] All =
    [
        Table.Inode, Table.Dirent, Table.Node, Table.Change, Table.VolumeState, Table.MemberKnowledge, Table.Head,
        Table.SnapshotRef, Table.Working, Table.Patch, Table.Pending, Table.HiddenChild, Table.Tombstone, Table.Conflict, Table.Undo, Table.Adopted,
        Table.MemberVouch, Table.MemberSnapshots, Table.OldMemberStatement, Table.OldMemberStatementWithList, Table.MemberStatement, Table.OldSealed, Table.Revived, Table.FrozenDirectory, Table.ChangedName, Table.SubtreeTotals, Table.SubtreeChange, Table.Held, Table.Trash, Table.Pin, Table.LastUse,
    ];

    public IMetadataReader Reader { get; } = reader;

    public uint Volume { get; } = volume;

    /// <summary>For rows of which each member has one.</summary>
    public KnowledgeMemo Knowledges { get; } = new();

    public MetadataKey Key(Span<byte> buffer, Table table) => new MetadataKey(buffer, table).Add(Volume);

    /// <summary>Returns the record of an inode, or null.</summary>
    public NodeRecord? ReadRecord(InodeId inode, Func<uint, Knowledge> referenceOf)
    {
        byte[]? row = Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], Table.Inode).Add(inode).Bytes);
        return row is null ? null : NodeCodec.DecodeRow(inode, row, referenceOf);
    }

    /// <summary>Returns the inode of a node, or none.</summary>
    public InodeId FindInode(NodeId node)
    {
        byte[]? row = Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], Table.Node).Add(node).Bytes);
        return row is null ? default : new MetadataKeyReader(row).ReadInode();
    }

    public Claim[] ReadClaims(InodeId parent, ReadOnlySpan<byte> name)
    {
        byte[]? row = Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], Table.Dirent).Add(parent).Add(name).Bytes);
        return row is null ? ClaimRow.Empty : ClaimRow.Decode(row);
    }

    /// <summary>Scans the names in a directory after <paramref name="after"/> (exclusive; empty = all), with their claims.</summary>
    public IEnumerable<KeyValuePair<FileName, Claim[]>> ScanDirectory(InodeId parent, byte[] after)
    {
        using IMetadataCursor cursor = OpenDirectory(parent, after);
        while (cursor.MoveNext()) yield return ReadEntry(cursor);
    }

    /// <summary>Children that name this node as a parent without being shown in it.</summary>
    public List<InodeId> ReadHiddenChildren(NodeId parent) => ReadInodes(Table.HiddenChild, parent);

    /// <summary>All inodes listed in an index table whose keys end with the inode.</summary>
    public List<InodeId> ReadInodes(Table table, NodeId? prefix = null)
    {
        MetadataKey key = Key(stackalloc byte[MetadataKey.MaxSize], table);
        if (prefix is { } node) key = key.Add(node);
        var inodes = new List<InodeId>();
        using IMetadataCursor cursor = Reader.ScanPrefix(key.Bytes);
        while (cursor.MoveNext()) inodes.Add(new MetadataKeyReader(cursor.Key[^InodeBytes..]).ReadInode());
        return inodes;
    }

    /// <summary>A volume-wide value by name, or null.</summary>
    public byte[]? ReadState(ReadOnlySpan<byte> name) =>
        Reader.Get(Key(stackalloc byte[MetadataKey.MaxSize], Table.VolumeState).Add(name).Bytes);

    private IMetadataCursor OpenDirectory(InodeId parent, byte[] after)
    {
        MetadataKey prefix = Key(stackalloc byte[MetadataKey.MaxSize], Table.Dirent).Add(parent);
        Span<byte> end = stackalloc byte[MetadataKey.MaxSize];
        ReadOnlySpan<byte> to = MetadataKey.PrefixEnd(prefix.Bytes, end);
        if (after.Length == 0) return Reader.Scan(prefix.Bytes, to);

        // The smallest key above a name is the name with a zero byte, which no name holds.
        Span<byte> from = stackalloc byte[MetadataKey.MaxSize];
        MetadataKey start = Key(from, Table.Dirent).Add(parent).Add(after).Add([0]);
        return Reader.Scan(start.Bytes, to);
    }

    private static KeyValuePair<FileName, Claim[]> ReadEntry(IMetadataCursor cursor)
    {
        const int prefixBytes = 1 + sizeof(uint) + InodeBytes;
        return KeyValuePair.Create(FileName.Parse(cursor.Key[prefixBytes..]), ClaimRow.Decode(cursor.Value));
    }
}
