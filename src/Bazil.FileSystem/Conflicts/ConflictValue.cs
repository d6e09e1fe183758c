using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Conflicts;

/// <summary>One side of a conflict. Immutable.</summary>
/// <param name="Label">Who wrote it, and when: as it is called under <c>.bazil/conflicts</c>. Distinct within its conflict.</param>
/// <param name="Writer">The member who wrote it; null when nobody knows.</param>
/// <param name="Time">When it was written; null for places, which have no time.</param>
/// <param name="Version">The change that wrote it.</param>
/// <param name="Inode">The node it belongs to.</param>
/// <param name="NodeKind">What that node is.</param>
public sealed record ConflictValue(string Label, PeerId? Writer, UnixTime? Time, Core.Version Version, InodeId Inode, NodeKind NodeKind)
{
    /// <summary>The content, in conflicts of content and of names; null for a directory.</summary>
    public ContentValue? Content { get; init; }

    /// <summary>The attributes, in conflicts of attributes.</summary>
    public AttributeValue? Attributes { get; init; }

    /// <summary>The place, in conflicts of places.</summary>
    public Place? Place { get; init; }

    /// <summary>That place from the root of the volume; null when its directory is not here.</summary>
    public ReadOnlyMemory<byte>? PlacePath { get; init; }

    /// <summary>The link by which it has the name, in conflicts of names.</summary>
    public Core.Version LinkId { get; init; }
}
