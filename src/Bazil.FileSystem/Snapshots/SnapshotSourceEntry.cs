using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>One name of a live directory, as the writer of a snapshot takes it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Node">The node it shows.</param>
/// <param name="Kind">What it is.</param>
/// <param name="ModifyTime">The modification time as shown; the times in the two values are not looked at.</param>
/// <param name="Attributes">The shown attributes.</param>
/// <param name="Content">The shown content, sealed; null for a directory.</param>
/// <param name="Directory">The handle with which a directory is listed; otherwise not looked at.</param>
public readonly record struct SnapshotSourceEntry(
    FileName Name,
    NodeId Node,
    NodeKind Kind,
    UnixTime ModifyTime,
    AttributeValue Attributes,
    ContentValue? Content,
    InodeId Directory);
