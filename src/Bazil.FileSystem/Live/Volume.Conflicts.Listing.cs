using System.Globalization;
using Bazil.Core;
using Bazil.FileSystem.Conflicts;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

// All conflicts of the volume, whatever is in conflict.
public sealed partial class Volume
{
    /// <summary>All conflicts, in no order that means anything. Looks at them one by one: what changes meanwhile may or may not be seen.</summary>
    public IEnumerable<Conflict> ListConflicts()
    {
        byte[] prefix = _store.Tables.Key(stackalloc byte[MetadataKey.MaxSize], Table.Conflict).Bytes.ToArray();
        using IMetadataCursor cursor = _options.Metadata.ScanPrefix(prefix);
        while (cursor.MoveNext())
        {
            byte[] key = cursor.Key[prefix.Length..].ToArray();
            if (key[0] == Union) continue;
            List<Conflict> found;
            lock (_gate) found = ConflictsOf(new Transaction(_store), key);
            foreach (Conflict conflict in found) yield return conflict;
        }

        foreach ((InodeId directory, FileName name) in NamesAcrossUnions())
        {
            Conflict? found;
            lock (_gate) found = NameConflict(new Transaction(_store), directory, name);
            if (found is not null) yield return found;
        }
    }

    private List<Conflict> ConflictsOf(Transaction transaction, byte[] row)
    {
        var key = new MetadataKeyReader(row.AsSpan(1));
        InodeId inode = key.ReadInode();
        var found = new List<Conflict>();
        if (row[0] == ConflictOfName)
        {
            if (NameConflict(transaction, inode, FileName.Parse(key.Rest)) is { } conflict) found.Add(conflict);
            return found;
        }

        if (transaction.Read(inode) is not { } record || !transaction.IsShown(record)) return found;
        if (record.Content.IsConflict) found.Add(ContentConflict(transaction, record));
        if (record.Attributes.IsConflict) found.Add(AttributeConflict(transaction, record));
        found.AddRange(record.Links.Where(static link => link.Places.IsConflict).Select(link => PlaceConflict(transaction, record, link)));
        return found;
    }

    private Conflict ContentConflict(Transaction transaction, NodeRecord record)
    {
        ContentValue shown = record.ShownContent!.Value.Value;
        IEnumerable<ConflictValue> values = record.Content.DistinctValues().OrderBy(value => !value.Equals(shown))
            .Select(value => ValueOf(record, record.Content.Find(value)!.Value.Version, value.ModifyTime) with { Content = value });
        return new Conflict(ConflictKind.Content, transaction.FindPath(record.Inode)!, record.Inode, default, default, Labelled(values));
    }

    private Conflict AttributeConflict(Transaction transaction, NodeRecord record)
    {
        AttributeValue shown = record.Attributes.Largest.Value;
        IEnumerable<ConflictValue> values = record.Attributes.DistinctValues().OrderBy(value => !value.Equals(shown))
            .Select(value => ValueOf(record, record.Attributes.Find(value)!.Value.Version, value.ModifyTime) with { Attributes = value });
        return new Conflict(ConflictKind.Attributes, transaction.FindPath(record.Inode)!, record.Inode, default, default, Labelled(values));
    }

    private Conflict PlaceConflict(Transaction transaction, NodeRecord record, Link link)
    {
        Place shown = link.Places.Largest.Value;
        IEnumerable<ConflictValue> values = link.Places.DistinctValues().OrderBy(place => place != shown)
            .Select(place => ValueOf(record, link.Places.Find(place)!.Value.Version, null) with { Place = place, PlacePath = PathOf(transaction, place) });
        return new Conflict(ConflictKind.Place, PathOf(transaction, shown) ?? transaction.FindPath(record.Inode)!, record.Inode, default, link.Id, Labelled(values));
    }

    private Conflict? NameConflict(Transaction transaction, InodeId directory, FileName name)
    {
        ShownName shown = transaction.Resolve(directory, name);
        if (shown.IsNothing || !shown.Hidden.Any() || transaction.FindPath(directory) is not { } parent) return null;
        IEnumerable<ConflictValue> values = shown.Hidden.Prepend(shown.Primary).DistinctBy(claim => claim.Inode).Select(claim =>
        {
            NodeRecord record = transaction.Require(claim.Inode);
            FacetPair<ContentValue>? content = record.ShownContent;
            return ValueOf(record, content?.Version ?? claim.Version, content?.Value.ModifyTime ?? record.ModifyTime) with { Content = content?.Value, LinkId = claim.LinkId };
        });
        byte[] path = parent.Length > 0 ? [.. parent, (byte)'/', .. name.Span] : name.Span.ToArray();
        return new Conflict(ConflictKind.Name, path, directory, name, default, Labelled(values));
    }

    private ConflictValue ValueOf(NodeRecord record, Core.Version version, UnixTime? time) =>
        new("", WriterIdOf(version.Replica), time, version, record.Inode, record.Kind);

    private List<ConflictValue> Labelled(IEnumerable<ConflictValue> values)
    {
        var labelled = new List<ConflictValue>();
        foreach (ConflictValue value in values)
        {
            string label = LabelOf(value.Version.Replica, value.Time), unique = label;
            for (int number = 2; labelled.Exists(other => other.Label == unique); number++) unique = $"{label}~{number}";
            labelled.Add(value with { Label = unique });
        }

        return labelled;
    }

    private string LabelOf(ReplicaId replica, UnixTime? time) => time is { } known
        ? $"{WriterOf(replica)}@{known.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH.mm.ss'Z'", CultureInfo.InvariantCulture)}"
        : WriterOf(replica);

    private PeerId? WriterIdOf(ReplicaId replica) =>
        replica == _store.State.Head.Replica ? _store.Self : HeadTable.Read(_store.Tables, replica)?.Owner;

    private static byte[]? PathOf(Transaction transaction, Place place)
    {
        InodeId parent = transaction.FindInode(place.Parent);
        if (parent == default || transaction.FindPath(parent) is not { } path) return null;
        return path.Length > 0 ? [.. path, (byte)'/', .. place.Name.Span] : place.Name.Span.ToArray();
    }
}
