using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Collection;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Live;

// Snapshots of all members. Each keeps, names and removes its own; the others hear of them with what it vouches for.
public sealed partial class Volume
{
    /// <summary>Those of this node and those that members told of, in the order of their names here. Of two that would have one name, the one of the member with the lower id has it.</summary>
    public IReadOnlyList<ShownSnapshot> ListShownSnapshots()
    {
        var shown = new SortedDictionary<FileName, ShownSnapshot>();
        foreach (SnapshotReference own in ListSnapshots()) shown.Add(own.Name, new ShownSnapshot(own.Name, own, Member: null));
        foreach (IGrouping<FileName, (PeerId Member, SnapshotReference Reference)> twins in SnapshotsOfMembers().GroupBy(static other => other.Reference.Name))
        {
            (PeerId Member, SnapshotReference Reference)[] others = [.. twins.DistinctBy(static other => other.Member)];
            bool isAlone = others.Length == 1 && !shown.ContainsKey(twins.Key);
            foreach ((PeerId member, SnapshotReference reference) in others)
            {
                if ((isAlone ? twins.Key : NameAt(member, twins.Key)) is { } name) shown.TryAdd(name, new ShownSnapshot(name, reference, member));
            }
        }

        return [.. shown.Values];
    }

    /// <summary>The snapshot that is shown under a name, or null.</summary>
    public ShownSnapshot? FindShownSnapshot(FileName name) =>
        FindSnapshot(name) is { } own ? new ShownSnapshot(name, own, Member: null) : ListShownSnapshots().FirstOrDefault(shown => shown.Name == name);

    private IEnumerable<(PeerId Member, SnapshotReference Reference)> SnapshotsOfMembers()
    {
        HashSet<PeerId> members = [.. Members()];
        return MemberSnapshots.ReadAll(_store.Tables)
            .Where(entry => entry.Key != _store.Self && members.Contains(entry.Key))
            .OrderBy(static entry => entry.Key)
            .SelectMany(static entry => entry.Value.References.Select(reference => (entry.Key, reference)));
    }

    /// <summary>Null when the name is as long as names can be: then the snapshot is in the list of <c>bazil snapshot list</c> only.</summary>
    private FileName? NameAt(PeerId member, FileName name)
    {
        byte[] bytes = [.. name.Span, (byte)'@', .. Encoding.UTF8.GetBytes(WriterName(member))];
        return FileName.TryCreate(bytes, out FileName twin) ? twin : null;
    }
}
