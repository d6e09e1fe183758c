using Bazil.Core;
using Bazil.FileSystem.Accounting;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Blobs;

namespace Bazil.FileSystem.Live;

// What files consist of, for whoever fetches it or looks where it is.
public sealed partial class Volume
{
    /// <summary>
    /// The content of the file at a path, or of all files below the directory there, conflict siblings included, as it is published; small files that lie in their records have none. Null when there is
    /// nothing at the path. Listed page by page while it is read, so files that are made or removed meanwhile may or may not appear.
    /// </summary>
    public IEnumerable<Manifest>? ListContent(IEnumerable<FileName> path)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Claim[] at = [];
            InodeId directory = InodeId.Root;
            foreach (FileName name in path)
            {
                if (!transaction.Require(directory).IsDirectory) return null;
                ShownName shown = transaction.Resolve(directory, name);
                if (shown.IsNothing) return null;
                at = [.. shown.Group, .. shown.Hidden];
                directory = shown.Primary.Inode;
            }

            return ListContent(at.Length == 0 ? [InodeId.Root] : [.. at.Select(static claim => claim.Inode)]);
        }
    }

    private IEnumerable<Manifest> ListContent(InodeId[] roots)
    {
        var seen = new HashSet<InodeId>(); // what several names may lead to, and what could lead round in a circle
        var waiting = new Stack<InodeId>(roots);
        while (waiting.TryPop(out InodeId inode))
        {
            NodeRecord? record;
            lock (_gate) record = _store.Read(inode);
            if (record is null || ((record.IsDirectory || record.Links.Count > 1) && !seen.Add(inode))) continue;
            if (!record.IsDirectory)
            {
                foreach (ContentValue value in record.Content.DistinctValues().Where(static value => value.Form == ContentForm.Blob)) yield return value.Manifest;
                continue;
            }

            foreach (InodeId child in ListInodes(inode)) waiting.Push(child);
        }
    }

    private IEnumerable<InodeId> ListInodes(InodeId directory)
    {
        byte[] after = [];
        for (;;)
        {
            List<KeyValuePair<FileName, Claim[]>> page;
            lock (_gate) page = [.. Names(new Transaction(_store), directory, after).Take(AccountingLimits.ListedBatch)];
            foreach (Claim claim in page.SelectMany(static entry => entry.Value)) yield return claim.Inode;
            if (page.Count < AccountingLimits.ListedBatch) yield break;
            after = page[^1].Key.Span.ToArray();
        }
    }
}
