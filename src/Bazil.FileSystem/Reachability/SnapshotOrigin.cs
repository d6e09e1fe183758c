using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Reachability;

/// <summary>A snapshot, or a name in it.</summary>
/// <param name="parent">The directory that it is in; null for the snapshot itself.</param>
/// <param name="name">Its name there; of a snapshot, that of the snapshot.</param>
internal sealed class SnapshotOrigin(SnapshotOrigin? parent, FileName name) : ContentOrigin
{
    private readonly SnapshotOrigin? _parent = parent;
    private readonly FileName _name = name;

    /// <summary>Of the snapshot itself: the member that keeps it; null for this node.</summary>
    public PeerId? Member { get; init; }

    public override PeerId? KeptBy => _parent is null ? Member : _parent.KeptBy;

    public override string Describe()
    {
        var names = new Stack<string>();
        for (SnapshotOrigin? at = this; at is not null; at = at._parent) names.Push(at._name.ToString());
        string path = string.Join('/', names);
        return KeptBy is { } other ? $"snapshot {path} of member {other}" : "/.snap/" + path;
    }
}
