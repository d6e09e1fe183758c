using System.Globalization;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// Conflicts: every replica keeps and lists all values until somebody settles them.
public sealed partial class Volume
{
    private const byte ConflictOfNode = 0;
    private const byte ConflictOfName = 1;
    private const byte Union = 2;

    /// <summary>The conflicts as they were counted last: looking for those across united directories reads all that these have.</summary>
    private volatile ConflictCount _conflictCount = new(-1, 0);

    /// <summary>Committed changes of rows since the volume was opened. Written under the gate.</summary>
    private long _rowChanges;

    /// <summary>
    /// How many conflicts there are: of contents, of names, of places and of attributes, as <see cref="ListConflicts()"/> lists them.
    /// </summary>
    public int CountConflicts()
    {
        (long at, int counted) = _conflictCount;
        long now = Interlocked.Read(ref _rowChanges);
        if (at == now) return counted;
        counted = CountConflictsNow();
        _conflictCount = new(now, counted);
        return counted;
    }

    private int CountConflictsNow()
    {
        int count = 0;
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Conflict).Bytes.ToArray();
        using IMetadataCursor cursor = _options.Metadata.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            byte kind = cursor.Key[prefix.Length];
            var key = new MetadataKeyReader(cursor.Key[(prefix.Length + 1)..]);
            InodeId inode = key.ReadInode();
            if (kind == Union) continue;

            // Not all in one go: others wait for the gate.
            lock (_gate)
            {
                var transaction = new Transaction(_store);
                count += kind == ConflictOfName ? (transaction.Resolve(inode, FileName.Parse(key.Rest)).Hidden.Any() ? 1 : 0) : CountOf(transaction, inode);
            }
        }

        return count + NamesAcrossUnions().Count();
    }

    private static int CountOf(Transaction transaction, InodeId inode)
    {
        if (transaction.Read(inode) is not { } record || !transaction.IsShown(record)) return 0;
        return (record.Content.IsConflict ? 1 : 0) + (record.Attributes.IsConflict ? 1 : 0) + record.Links.Count(static link => link.Places.IsConflict);
    }

    /// <summary>The names in a directory that have alternates.</summary>
    internal List<FileName> ListConflicts(InodeId directory)
    {
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            IReadOnlyList<InodeId> united = transaction.UnitedWith(directory);
            var names = new SortedSet<FileName>();
            byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Conflict).Bytes.ToArray();
            using IMetadataCursor cursor = _options.Metadata.ScanPrefix(prefix);
            while (cursor.MoveNext())
            {
                byte kind = cursor.Key[prefix.Length];
                var key = new MetadataKeyReader(cursor.Key[(prefix.Length + 1)..]);
                InodeId inode = key.ReadInode();
                if (kind == ConflictOfName && united.Contains(inode)) names.Add(FileName.Parse(key.Rest));
                if (kind == ConflictOfNode && transaction.Read(inode) is { } record && record.Content.IsConflict) AddNames(transaction, record, united, names);
            }

            names.UnionWith(NamesAcross(united));
            names.RemoveWhere(name => Alternates(transaction, directory, name).Count == 0);
            return [.. names];
        }
    }

    internal List<Alternate> ListAlternates(InodeId directory, FileName name)
    {
        lock (_gate) return Alternates(new Transaction(_store), directory, name);
    }

    /// <summary>Settles one alternate in favour of what is in place: it goes here and, with the next pull, everywhere.</summary>
    internal Errno DropAlternate(InodeId directory, FileName name, FileName label)
    {
        if (Failure is not null) return Errno.EROFS;
        lock (_gate)
        {
            var transaction = new Transaction(_store);
            Alternate? alternate = Alternates(transaction, directory, name).FirstOrDefault(other => other.Label == label);
            if (alternate is null) return Errno.ENOENT;
            ShownName shown = transaction.Resolve(directory, name);
            var change = new LocalChange(transaction, Now());
            NodeRecord kept = transaction.Require(alternate.LinkId.IsNone ? alternate.Inode : shown.Primary.Inode);
            if (kept.ShownContent is { } content && !kept.IsDirectory)
            {
                change.Resolve(kept.Inode, content.Value, alternate.LinkId.IsNone ? [alternate.Content] : []);
            }

            if (!alternate.LinkId.IsNone) change.Remove(shown.Hidden.Where(claim => claim.Inode == alternate.Inode && claim.LinkId == alternate.LinkId), directory);
            Commit(transaction);
            return Errno.OK;
        }
    }

    private List<Alternate> Alternates(Transaction transaction, InodeId directory, FileName name)
    {
        ShownName shown = transaction.Resolve(directory, name);
        var alternates = new List<Alternate>();
        if (shown.IsNothing) return alternates;
        foreach (Claim claim in shown.Group.Where(claim => !claim.IsDirectory).DistinctBy(claim => claim.Inode))
        {
            AddSiblings(alternates, transaction.Require(claim.Inode));
        }

        foreach (Claim claim in shown.Hidden)
        {
            NodeRecord record = transaction.Require(claim.Inode);
            if (record.ShownContent is { } content) AddAlternate(alternates, record, content, claim.LinkId);
        }

        // A file that another one hides may be in a conflict of contents itself: nothing else would show those.
        foreach (Claim claim in shown.Hidden.Where(claim => !claim.IsDirectory).DistinctBy(claim => claim.Inode)) AddSiblings(alternates, transaction.Require(claim.Inode));
        return alternates;
    }

    /// <summary>Adds the contents of a file beside the one that is in place where it is shown.</summary>
    private void AddSiblings(List<Alternate> alternates, NodeRecord record)
    {
        ContentValue? inPlace = record.ShownContent?.Value;
        foreach (ContentValue value in record.Content.DistinctValues().Where(value => !value.Equals(inPlace)))
        {
            AddAlternate(alternates, record, record.Content.Find(value)!.Value, default);
        }
    }

    private void AddAlternate(List<Alternate> alternates, NodeRecord record, FacetPair<ContentValue> pair, Version link)
    {
        string label = $"{WriterOf(pair.Version.Replica)}@{pair.Value.ModifyTime.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH.mm.ss'Z'", CultureInfo.InvariantCulture)}";
        string unique = label;
        for (int number = 2; alternates.Exists(other => other.Label.ToString() == unique); number++) unique = $"{label}~{number}";
        alternates.Add(new Alternate(FileName.Parse(unique), record.Inode, record.Kind, pair.Value, link));
    }

    /// <summary>Whom the person knows as the writer under a replica id.</summary>
    private string WriterOf(ReplicaId replica)
    {
        if (replica == _store.State.Head.Replica) return "here";
        PeerId? owner = HeadTable.Read(_store.Tables, replica)?.Owner;
        if (owner is not { } known) return "unknown";
        return known == _store.Self ? "here" : WriterName(known);
    }

    /// <summary>A member as the person calls it, fit for a file name.</summary>
    private string WriterName(PeerId member)
    {
        string name = (_options.Nickname(member) ?? member.ToString()[..16]).Replace('/', '_');
        return name[..Math.Min(name.Length, 64)];
    }

    private static void AddNames(Transaction transaction, NodeRecord record, IReadOnlyList<InodeId> united, SortedSet<FileName> names)
    {
        foreach (PlacedLink place in record.Places())
        {
            InodeId parent = transaction.FindInode(place.Place.Parent);
            if (united.Contains(parent == default ? InodeId.Root : parent)) names.Add(place.Place.Name);
        }
    }

    /// <param name="At">How many changes there had been.</param>
    /// <param name="Count">Of conflicts, then.</param>
    private sealed record ConflictCount(long At, int Count);
}
