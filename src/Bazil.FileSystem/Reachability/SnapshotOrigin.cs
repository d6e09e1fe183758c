using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Reachability;

/// <summary>A snapshot, or a name in it.</summary>
/// <param name="parent">The directory that it is in; null for the snapshot itself.</param>
/// <param name="name">Its name there; of a snapshot, that of the snapshot.</param>
internal sealed class SnapshotOrigin(SnapshotOrigin? parent, FileName name) : ContentOrigin
{
    private readonly SnapshotOrigin? _parent = parent;
    private readonly FileName _name = name;

    public override string Describe()
    {
        var names = new Stack<string>();
        for (SnapshotOrigin? at = this; at is not null; at = at._parent) names.Push(at._name.ToString());
        return "/.snap/" + string.Join('/', names);
    }
}
