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
    public IEnumerable<Manifest>? ListContent(IEnumerable<FileName> path) => ListFiles(path)?.SelectMany(ContentOf);

    /// <summary>The file at a path, or all files below the directory there, each once. Null when there is nothing at the path. Listed page by page while it is read.</summary>
    public IEnumerable<InodeId>? ListFiles(IEnumerable<FileName> path)
    {
        lock (_gate) return FindAll(path) is { } roots ? ListFiles(roots, []) : null;
    }

    /// <summary>The content of a file, conflict siblings included, as far as it does not lie in its record.</summary>
    public IEnumerable<Manifest> ContentOf(InodeId file)
    {
        NodeRecord? record;
        lock (_gate) record = _store.Read(file);
        return record is null or { IsDirectory: true } ? [] : record.Content.DistinctValues().Where(static value => value.Form == ContentForm.Blob).Select(static value => value.Manifest);
    }

    /// <summary>All that is shown at a path as one, or null. Under the gate.</summary>
    private InodeId[]? FindAll(IEnumerable<FileName> path)
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

        return at.Length == 0 ? [InodeId.Root] : [.. at.Select(static claim => claim.Inode)];
    }

    private IEnumerable<InodeId> ListFiles(IEnumerable<InodeId> roots, HashSet<InodeId> seen)
    {
        var waiting = new Stack<InodeId>(roots);
        while (waiting.TryPop(out InodeId inode))
        {
            NodeRecord? record;
            lock (_gate) record = _store.Read(inode);

            // What several names may lead to, and what could lead round in a circle.
            if (record is null || ((record.IsDirectory || record.Links.Count > 1) && !seen.Add(inode))) continue;
            if (!record.IsDirectory)
            {
                yield return inode;
                continue;
            }

            foreach (Claim child in ListNames(inode).SelectMany(static entry => entry.Value)) waiting.Push(child.Inode);
        }
    }

    private IEnumerable<KeyValuePair<FileName, Claim[]>> ListNames(InodeId directory)
    {
        byte[] after = [];
        for (;;)
        {
            List<KeyValuePair<FileName, Claim[]>> page;
            lock (_gate) page = [.. Names(new Transaction(_store), directory, after).Take(AccountingLimits.ListedBatch)];
            foreach (KeyValuePair<FileName, Claim[]> entry in page) yield return entry;
            if (page.Count < AccountingLimits.ListedBatch) yield break;
            after = page[^1].Key.Span.ToArray();
        }
    }
}
