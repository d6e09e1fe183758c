using Bazil.Core;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Conflicts;

/// <summary>One conflict as it stood when it was looked at. Immutable.</summary>
/// <param name="Kind">What is in conflict.</param>
/// <param name="Path">From the root of the volume, names joined with slashes; bytes, for names may be no text.</param>
/// <param name="Inode">The node; of a conflict of names the directory that shows the name.</param>
/// <param name="Name">Of a conflict of names, the name; else the default.</param>
/// <param name="LinkId">Of a conflict of places, the link; else none.</param>
/// <param name="Values">At least two; what is in place here comes first.</param>
public sealed record Conflict(ConflictKind Kind, ReadOnlyMemory<byte> Path, InodeId Inode, FileName Name, Core.Version LinkId, IReadOnlyList<ConflictValue> Values)
{
    /// <summary>The one that was written last.</summary>
    public ConflictValue Newest => Values.MaxBy(static value => (value.Time ?? default, value.Version))!;
}
