using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Live;

// Snapshots of all members. Each keeps, names and removes its own; the others hear of them with what it vouches for.
public sealed partial class Volume
{
    private volatile ShownList? _shownSnapshots;

    /// <summary>Those of this node and those that members told of, in the order of their names here. One that has no name left is shown by its key.</summary>
    public IReadOnlyCollection<ShownSnapshot> ListShownSnapshots() => ShownSnapshots().Values;

    /// <summary>The snapshot that is shown under a name, or null.</summary>
    public ShownSnapshot? FindShownSnapshot(FileName name) =>
        FindSnapshot(name) is { } own ? new ShownSnapshot(name, own, Member: null) : ShownSnapshots().GetValueOrDefault(name);

    /// <summary>Made anew when this list or that of a member changed, somebody came or left, or is called otherwise.</summary>
    private SortedDictionary<FileName, ShownSnapshot> ShownSnapshots()
    {
        PeerId[] others;
        ulong revision;
        lock (_gate) (others, revision) = ([.. Members().Where(member => member != _store.Self).Order()], _revision);
        string state = $"{revision} {string.Join(' ', others.Select(member => $"{member}={WriterName(member)}"))}";
        if (_shownSnapshots is { } known && known.State == state) return known.Names;
        SortedDictionary<FileName, ShownSnapshot> names = NameSnapshots(others);
        _shownSnapshots = new ShownList(state, names);
        return names;
    }

    private SortedDictionary<FileName, ShownSnapshot> NameSnapshots(PeerId[] others)
    {
        var shown = new SortedDictionary<FileName, ShownSnapshot>();
        foreach (SnapshotReference own in ListSnapshots()) shown.Add(own.Name, new ShownSnapshot(own.Name, own, Member: null));
        Dictionary<PeerId, MemberSnapshots> lists = MemberSnapshots.ReadAll(_store.Tables).ToDictionary();
        var references = others.SelectMany(member => lists.GetValueOrDefault(member)?.References.Select(reference => (Member: member, Reference: reference)) ?? []).ToList();
        Dictionary<FileName, int> counts = references.CountBy(static other => other.Reference.Name).ToDictionary();
        foreach ((PeerId member, SnapshotReference reference) in references)
        {
            bool isAlone = counts[reference.Name] == 1 && !shown.ContainsKey(reference.Name);
            if (TryShow(shown, isAlone ? reference.Name : NameAt(member, reference.Name), member, reference)) continue;
            TryShow(shown, FileName.Parse(reference.Key.ToString()), member, reference);
        }

        return shown;
    }

    private static bool TryShow(SortedDictionary<FileName, ShownSnapshot> shown, FileName? name, PeerId member, SnapshotReference reference) =>
        name is { } free && shown.TryAdd(free, new ShownSnapshot(free, reference, member));

    /// <summary>Null when that is longer than names can be.</summary>
    private FileName? NameAt(PeerId member, FileName name)
    {
        byte[] bytes = [.. name.Span, (byte)'@', .. Encoding.UTF8.GetBytes(WriterName(member))];
        return FileName.TryCreate(bytes, out FileName twin) ? twin : null;
    }

    /// <param name="State">What it was made of.</param>
    /// <param name="Names">Not changed any more.</param>
    private sealed record ShownList(string State, SortedDictionary<FileName, ShownSnapshot> Names);
}
