using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;

namespace Bazil.FileSystem.Live;

/// <summary>How content of a snapshot becomes content of a volume.</summary>
/// <param name="From">The key epoch that the content must be of; none for any, taken over as it is.</param>
/// <param name="To">The number that this epoch has in the volume.</param>
internal sealed record RestoreMode(uint? From, uint To)
{
    /// <summary>Into the volume of which it is a snapshot.</summary>
    public static readonly RestoreMode Reference = new(null, 0);

    /// <summary>Into another volume.</summary>
    public static RestoreMode Import(uint from, uint to) => new(from, to);

    public ContentValue? Take(SnapshotEntry entry)
    {
        if (entry.Content is not { Form: ContentForm.Blob } content || From is not { } from) return entry.Content;
        return content.Manifest.KeyEpoch == from ? content.WithKeyEpoch(To) : throw new OldEpochException(entry.Name.ToString(), content.Manifest.KeyEpoch, from);
    }
}
