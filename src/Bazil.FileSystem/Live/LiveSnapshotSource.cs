using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>The shown tree of a frozen view, with the unpublished content of files that were open for writing.</summary>
internal sealed class LiveSnapshotSource(
    VolumeId volume,
    VolumeStore frozen,
    UnixTime taken,
    IReadOnlyDictionary<InodeId, WorkingContent> unpublished,
    Func<NodeRecord, AttributeValue> attributesOf,
    uint keyEpoch)
    : ISnapshotSource
{
    private readonly Transaction _transaction = new(frozen);

    public VolumeId Volume => volume;

    public UnixTime Taken => taken;

    public uint KeyEpoch { get; } = keyEpoch;

    /// <summary>The smallest epoch number of what was listed, and of the directories themselves.</summary>
    public uint OldestKeyEpoch { get; private set; } = keyEpoch;

    public InodeId Root => InodeId.Root;

    public AttributeValue RootAttributes => attributesOf(_transaction.Require(InodeId.Root));

    public UnixTime RootModifyTime => _transaction.Require(InodeId.Root).ModifyTime;

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory)
    {
        foreach (FileName name in Names(directory))
        {
            ShownName shown = _transaction.Resolve(directory, name);
            NodeRecord record = _transaction.Require(shown.Primary.Inode);
            ContentValue? published = record.ShownContent?.Value, open = Unpublished(record);
            if ((open ?? published) is { Form: ContentForm.Blob } blob) OldestKeyEpoch = Math.Min(OldestKeyEpoch, blob.Manifest.KeyEpoch);
            yield return new SnapshotSourceEntry(
                name, record.Id, record.Kind, open?.ModifyTime ?? record.ModifyTime, attributesOf(record), record.IsDirectory ? null : open ?? published, record.Inode);
        }
    }

    /// <summary>What was written to an open file and not published before the view was taken.</summary>
    private ContentValue? Unpublished(NodeRecord record) =>
        unpublished.TryGetValue(record.Inode, out WorkingContent? working) && Equals(record.ShownContent?.Value, working.Seen) ? working.Value : null;

    private IEnumerable<FileName> Names(InodeId directory)
    {
        IReadOnlyList<InodeId> united = _transaction.UnitedWith(directory);
        if (united.Count == 1) return frozen.Tables.ScanDirectory(directory, []).Select(row => row.Key);
        return united.SelectMany(member => frozen.Tables.ScanDirectory(member, []).Select(row => row.Key)).Distinct().Order();
    }
}
