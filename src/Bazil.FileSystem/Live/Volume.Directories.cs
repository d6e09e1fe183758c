using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Listing of directories.
public sealed partial class Volume
{
    /// <summary>True once directories were united since the volume was opened. Written under the gate.</summary>
    private volatile bool _hadUnions;

    /// <summary>
    /// True while the kernel may keep listings. What changes behind its back changes the rows of a directory, which it is told of; but what is
    /// united with a directory can change further up.
    /// </summary>
    internal bool MayKeepListings => !_hadUnions;

    /// <summary>
    /// Adds the entries of a directory to the buffer, from an offset on, until it is full. The offset after <c>.</c> is 1, that
    /// after <c>..</c> is 2; the others are those of <see cref="DirectoryCursor"/>.
    /// </summary>
    internal Errno ReadDirectory(InodeId inode, DirectoryCursor cursor, long offset, DirectoryBuffer buffer, Func<FuseAttributes, FuseEntry> toEntry)
    {
        if (offset == 0) cursor.Rewind();
        if (offset == 0 && !buffer.TryAdd("."u8, inode.Value, FuseFileType.Directory, 1)) return Errno.OK;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            if (transaction.Read(inode) is not { } directory || !transaction.IsShown(directory)) return Errno.OK;
            if (offset <= 1)
            {
                InodeId parent = transaction.ShownParent(inode);
                if (!buffer.TryAdd(".."u8, parent == default ? inode.Value : parent.Value, FuseFileType.Directory, DirectoryCursor.FirstEntry)) return Errno.OK;
                offset = DirectoryCursor.FirstEntry;
            }

            byte[] after = offset == DirectoryCursor.FirstEntry ? [] : cursor.Seek(offset, from => Names(transaction, inode, from).Select(row => row.Key));
            foreach (KeyValuePair<FileName, Claim[]> row in Names(transaction, inode, after))
            {
                long next = DirectoryCursor.OffsetAfter(row.Key.Span);
                if (!TryAdd(transaction, inode, row, next, buffer, toEntry)) return Errno.OK;
                cursor.Mark(next, row.Key);
            }
        }

        return Errno.OK;
    }

    private static IEnumerable<KeyValuePair<FileName, Claim[]>> Names(Transaction transaction, InodeId inode, byte[] after)
    {
        IReadOnlyList<InodeId> united = transaction.UnitedWith(inode);
        if (united.Count == 1) return transaction.Store.Tables.ScanDirectory(inode, after);
        var names = new SortedDictionary<FileName, Claim[]>();
        foreach (KeyValuePair<FileName, Claim[]> row in united.SelectMany(member => transaction.Store.Tables.ScanDirectory(member, after)))
        {
            names[row.Key] = names.TryGetValue(row.Key, out Claim[]? others) ? [.. others, .. row.Value] : row.Value;
        }

        return names;
    }

    private bool TryAdd(
        Transaction transaction, InodeId directory, KeyValuePair<FileName, Claim[]> row, long next, DirectoryBuffer buffer, Func<FuseAttributes, FuseEntry> toEntry)
    {
        ShownName shown = row.Value.Length == 1 ? ShownName.Of(row.Value, transaction.Read) : transaction.Resolve(directory, row.Key);
        Claim primary = shown.Primary;
        if (!buffer.WantsPlus) return buffer.TryAdd(row.Key.Span, primary.Inode.Value, FuseMode.TypeOf(TypeBits(primary.Kind)), next);
        FuseAttributes attributes = AttributesOf(transaction, transaction.Require(primary.Inode));
        return buffer.TryAddPlus(row.Key.Span, toEntry(attributes), next);
    }
}
