using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.Storage.Stores;
using Bazil.Unix;

namespace Bazil.FileSystem.Repair;

/// <summary>
/// Takes nodes that are missing from snapshots, the newest first. When rows may be missing without a trace, that is every node of the newest
/// snapshot that can be read and that is not here: what was removed since may come back, which is better than what was not staying lost.
/// </summary>
internal sealed class SnapshotFill(VolumeStore store, SnapshotReader reader, MissingNodes missing, bool takesAll, UnixTime now)
{
    private readonly List<string> _restored = [];
    private readonly HashSet<NodeId> _taken = [];
    private bool _takesAll = takesAll;

    /// <summary>The first paths.</summary>
    public IReadOnlyList<string> Restored => _restored;

    public long RestoredCount { get; private set; }

    /// <summary>When the newest snapshot was taken from which something came.</summary>
    public UnixTime? From { get; private set; }

    public async Task RunAsync(IReadOnlyList<SnapshotReference> snapshots, List<string> notes, CancellationToken cancel)
    {
        foreach (SnapshotReference reference in snapshots)
        {
            if (!_takesAll && missing.Count == 0) return;
            try
            {
                Snapshot snapshot = await reader.OpenAsync(reference.Key, cancel);
                await TakeAsync(snapshot.Root, NodeId.Root, "", reference, cancel);
                _takesAll = false;
            }
            catch (Exception e) when (e is StoreException or WireFormatException)
            {
                notes.Add($"snapshot {reference.Name} cannot be read as a whole: {e.Message}");
            }
        }
    }

    private async Task TakeAsync(SnapshotDirectory directory, NodeId parent, string path, SnapshotReference snapshot, CancellationToken cancel)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) await Task.Yield();
        await foreach (SnapshotEntry entry in directory.ListAsync(0, cancel))
        {
            string name = path + entry.Name;
            if (IsWanted(entry)) Restore(entry, parent, name, snapshot);
            if (entry.IsDirectory) await TakeAsync(directory.Open(entry), entry.Node, name + "/", snapshot, cancel);
        }
    }

    private bool IsWanted(SnapshotEntry entry) =>
        _taken.Contains(entry.Node) ? !entry.IsDirectory : store.Tables.FindInode(entry.Node) == default && (_takesAll || missing.Contains(entry.Node));

    private void Restore(SnapshotEntry entry, NodeId parent, string path, SnapshotReference snapshot)
    {
        var transaction = new Transaction(store);
        InodeId known = transaction.FindInode(entry.Node);
        NodeRecord record = known == default ? transaction.Add(entry.Node, entry.Kind) : transaction.Change(known);
        var place = new Place(parent, entry.Name);
        if (record.Places().Exists(placed => placed.Place == place)) return;
        Version version = transaction.Version;
        record.SetLink(Link.Create(version, place));
        if (known == default)
        {
            record.Attributes = record.Attributes.With(version, entry.Attributes with { ModifyTime = entry.ModifyTime });
            if (entry.Content is { } content) record.Content = record.Content.With(version, content.WithModifyTime(entry.ModifyTime));
            record.AccessTime = record.ChangeTime = now;
            record.DirectoryTime = entry.ModifyTime;
        }

        transaction.Stamp(record);
        transaction.Commit();
        missing.Found(entry.Node);
        _taken.Add(entry.Node);
        From ??= snapshot.Taken;
        RestoredCount++;
        if (_restored.Count < VolumeRepairReport.NamedMax) _restored.Add(path);
    }
}
