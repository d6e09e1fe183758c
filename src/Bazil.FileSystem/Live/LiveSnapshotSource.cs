using System.Runtime.InteropServices;
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

    /// <summary>United directories and cycles show things elsewhere than rows of frozen directories say.</summary>
    private readonly bool _isPlain = frozen.State.Unions == 0 && frozen.State.Loose.Count == 0;

    /// <summary>For each directory that is being listed, the smallest epoch number of what is below it so far.</summary>
    private readonly Stack<uint> _oldest = [];
    private readonly List<KeyValuePair<InodeId, FrozenDirectory>> _written = [];

    public VolumeId Volume => volume;

    public UnixTime Taken => taken;

    public uint KeyEpoch { get; } = keyEpoch;

    /// <summary>The smallest epoch number of what was listed, and of the directories themselves.</summary>
    public uint OldestKeyEpoch { get; private set; } = keyEpoch;

    /// <summary>The directories that were listed, each behind those below it; none when there were too many to remember.</summary>
    public ReadOnlySpan<KeyValuePair<InodeId, FrozenDirectory>> Written =>
        ListedDirectories > SnapshotLimits.FrozenDirectoriesMax ? [] : CollectionsMarshal.AsSpan(_written);

    /// <summary>Whether what was written may be kept for the next snapshot.</summary>
    public bool IsKept => _isPlain && ListedDirectories <= SnapshotLimits.FrozenDirectoriesMax;

    public long ListedDirectories { get; private set; }

    public long ListedNames { get; private set; }

    public InodeId Root => InodeId.Root;

    public AttributeValue RootAttributes => attributesOf(_transaction.Require(InodeId.Root));

    public UnixTime RootModifyTime => _transaction.Require(InodeId.Root).ModifyTime;

    public DirectoryManifest? FindUnchanged(InodeId directory) =>
        _isPlain && frozen.Frozen.Find(directory) is { HasChanged: false } found && found.OldestKeyEpoch >= KeyEpoch ? found.Manifest : null;

    public DirectoryChanges? FindChanges(InodeId directory) =>
        _isPlain && frozen.Frozen.Find(directory) is { HasChanged: true } found && found.OldestKeyEpoch >= KeyEpoch
            ? new DirectoryChanges(found.Manifest, frozen.Frozen.ReadNames(directory))
            : null;

    public void OnAbandoned(InodeId directory) => _oldest.Pop();

    public void OnWritten(InodeId directory, DirectoryManifest manifest)
    {
        uint oldest = _oldest.Pop();
        NoteEpoch(oldest);
        if (++ListedDirectories <= SnapshotLimits.FrozenDirectoriesMax) _written.Add(KeyValuePair.Create(directory, new FrozenDirectory(manifest, oldest)));
        else _written.Clear();
    }

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory) => List(Names(directory));

    public IEnumerable<SnapshotSourceEntry> List(InodeId directory, IReadOnlyList<FileName> names) =>
        List(names.Select(name => (name, _transaction.Resolve(directory, name))).Where(shown => !shown.Item2.IsNothing));

    private IEnumerable<SnapshotSourceEntry> List(IEnumerable<(FileName Name, ShownName Shown)> names)
    {
        _oldest.Push(KeyEpoch);
        foreach ((FileName name, ShownName shown) in names)
        {
            ListedNames++;
            NodeRecord record = _transaction.Require(shown.Primary.Inode);
            ContentValue? published = record.ShownContent?.Value, open = Unpublished(record);
            if ((open ?? published) is { Form: ContentForm.Blob } blob) NoteEpoch(blob.Manifest.KeyEpoch);
            yield return new SnapshotSourceEntry(
                name, record.Id, record.Kind, open?.ModifyTime ?? record.ModifyTime, attributesOf(record), record.IsDirectory ? null : open ?? published, record.Inode);
        }
    }

    private void NoteEpoch(uint epoch)
    {
        OldestKeyEpoch = Math.Min(OldestKeyEpoch, epoch);
        if (_oldest.TryPop(out uint oldest)) _oldest.Push(Math.Min(oldest, epoch));
    }

    /// <summary>What was written to an open file and not published before the view was taken.</summary>
    private ContentValue? Unpublished(NodeRecord record) =>
        unpublished.TryGetValue(record.Inode, out WorkingContent? working) && Equals(record.ShownContent?.Value, working.Seen) ? working.Value : null;

    private IEnumerable<(FileName Name, ShownName Shown)> Names(InodeId directory)
    {
        IReadOnlyList<InodeId> united = _transaction.UnitedWith(directory);
        if (united.Count == 1) return frozen.Tables.ScanDirectory(directory, []).Select(row => (row.Key, ShownName.Of(row.Value, _transaction.Read)));
        IEnumerable<FileName> names = united.SelectMany(member => frozen.Tables.ScanDirectory(member, []).Select(row => row.Key)).Distinct().Order();
        return names.Select(name => (name, _transaction.Resolve(directory, name)));
    }
}
