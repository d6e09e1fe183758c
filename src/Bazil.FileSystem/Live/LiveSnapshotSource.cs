using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>The shown tree of a frozen view, with the unpublished content of files that were open for writing.</summary>
internal sealed class LiveSnapshotSource(
    VolumeId volume, VolumeStore frozen, UnixTime taken, IReadOnlyDictionary<InodeId, ContentValue> unpublished, Func<NodeRecord, AttributeValue> attributesOf)
    : ISnapshotSource
{
    private readonly Transaction _transaction = new(frozen);

    public VolumeId Volume => volume;

    public UnixTime Taken => taken;

    public uint KeyEpoch => 1;

    public InodeId Root => InodeId.Root;

    public AttributeValue RootAttributes => attributesOf(_transaction.Require(InodeId.Root));

    public UnixTime RootModifyTime => _transaction.Require(InodeId.Root).ModifyTime;

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory)
    {
        foreach (FileName name in Names(directory))
        {
            ShownName shown = _transaction.Resolve(directory, name);
            NodeRecord record = _transaction.Require(shown.Primary.Inode);
            ContentValue? content = record.IsDirectory ? null : unpublished.GetValueOrDefault(record.Inode) ?? record.ShownContent?.Value;
            UnixTime modifyTime = unpublished.ContainsKey(record.Inode) ? content!.ModifyTime : record.ModifyTime;
            yield return new SnapshotSourceEntry(name, record.Id, record.Kind, modifyTime, attributesOf(record), content, record.Inode);
        }
    }

    private IEnumerable<FileName> Names(InodeId directory)
    {
        IReadOnlyList<InodeId> united = _transaction.UnitedWith(directory);
        if (united.Count == 1) return frozen.Tables.ScanDirectory(directory, []).Select(row => row.Key);
        return united.SelectMany(member => frozen.Tables.ScanDirectory(member, []).Select(row => row.Key)).Distinct().Order();
    }
}
