using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Listing of directories.
public sealed partial class Volume
{
    /// <summary>
    /// Adds the entries of a directory to the buffer, from where the cursor stands, until it is full. Offsets are
    /// ordinal numbers: 1 is <c>.</c>, 2 is <c>..</c>.
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

            (long position, byte[] after) = cursor.Seek(offset);
            foreach (KeyValuePair<FileName, Claim[]> row in Names(transaction, inode, after))
            {
                if (position++ < offset) continue;
                if (!TryAdd(transaction, inode, row, position, buffer, toEntry)) return Errno.OK;
                cursor.Mark(position, row.Key);
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
