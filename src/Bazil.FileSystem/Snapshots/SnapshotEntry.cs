using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Unix;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// One name in a directory of a snapshot. Immutable. Either <see cref="Directory"/> or <see cref="Content"/> is there. All
/// modification times in it are <see cref="ModifyTime"/>, the one that was shown.
/// </summary>
public sealed record SnapshotEntry
{
    public required FileName Name { get; init; }

    /// <summary>The node in the volume. Hard links are entries with the same node.</summary>
    public required NodeId Node { get; init; }

    public required NodeKind Kind { get; init; }

    public required UnixTime ModifyTime { get; init; }

    public required AttributeValue Attributes { get; init; }

    /// <summary>Of anything but a directory.</summary>
    public ContentValue? Content { get; init; }

    /// <summary>Of a directory.</summary>
    public DirectoryManifest? Directory { get; init; }

    /// <summary>When the entry was listed: the cookie to go on behind it. Never 0. Stable for all time.</summary>
    public ulong NextCookie { get; init; }

    public bool IsDirectory => Kind == NodeKind.Directory;

    /// <summary>Bytes of content; names of a directory.</summary>
    public ulong SizeBytes => Content?.SizeBytes ?? Directory?.Entries ?? 0;

    /// <summary>What this name adds to the totals of its directory.</summary>
    internal TreeTotals Totals => Directory is { } directory
        ? directory.Totals.Add(new TreeTotals(0, 1, 0))
        : new TreeTotals(1, 0, SizeBytes);
}
