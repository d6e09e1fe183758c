using System.Globalization;
using System.Runtime.CompilerServices;
using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots;
using Bazil.FileSystem.Snapshots.Diff;
using Bazil.Fuse;
using Bazil.Unix;

namespace Bazil.FileSystem.Live;

/// <summary>
/// One restore. Names that were hard links of one file in the snapshot become so again, as far as they are restored together. One use, by one
/// thread at a time. Its steps are single changes: whoever looks meanwhile sees some of them.
/// </summary>
/// <param name="volume">Where to.</param>
/// <param name="keeper">The snapshot, which must stay as long as it lasts; none when something else keeps its content.</param>
/// <param name="mode">How content is taken over.</param>
internal sealed class RestoreRun(Volume volume, SnapshotReference? keeper, RestoreMode mode)
{
    /// <summary>Changes after which the kernel is told, so that the list of them stays short.</summary>
    private const int ShowBatch = 1024;

    private readonly Dictionary<NodeId, InodeId> _made = [];

    /// <summary>What this run gave to files that had several names: under the others they are not changed by anybody else for it.</summary>
    private readonly Dictionary<NodeId, ContentValue> _rewritten = [];
    private readonly List<CommittedChange> _changes = [];
    private readonly List<string> _inUse = [];
    private long _restored;
    private long _removed;

    public RestoreOutcome Outcome(RestoreResult result) => new(result, _restored, _removed, InUse: _inUse);

    /// <summary>Restores an entry, with all below it, under a free name. A directory gets its name when it is complete.</summary>
    public async Task<RestoreResult> CreateAsync(SnapshotDirectory within, SnapshotEntry entry, InodeId parent, FileName name, CancellationToken cancel)
    {
        if (!entry.IsDirectory) return Made(MakeNode(entry, parent, name), parent, name) is null ? await FailedAsync() : await DoneAsync();
        FileName unfinished = FileName.Parse(string.Create(CultureInfo.InvariantCulture, $".restoring-{volume.NextRestoreNumber():x8}"));
        if (Made(MakeNode(entry, parent, unfinished), parent, unfinished) is not { } directory) return await FailedAsync();
        if (!await FillAsync(within.Open(entry), directory, cancel)) return await FailedAsync();
        SetAttributes(directory, entry.Attributes with { ModifyTime = entry.ModifyTime });
        Errno error = volume.Rename(parent, unfinished.Span, parent, name.Span, RenameFlags.NoReplace);
        _changes.Add(new CommittedChange([(parent, unfinished), (parent, name)], [parent]));
        await ShowAsync();
        return error == Errno.OK ? RestoreResult.Done : RestoreResult.TargetExists;
    }

    /// <summary>Restores all entries of a directory into an empty one. False when the snapshot is gone.</summary>
    public async Task<bool> FillAsync(SnapshotDirectory from, InodeId to, CancellationToken cancel)
    {
        var open = new Stack<(IAsyncEnumerator<SnapshotEntry> Entries, SnapshotDirectory From, InodeId To, SnapshotEntry? Entry)>();
        open.Push((from.ListAsync(0, cancel).GetAsyncEnumerator(cancel), from, to, null));
        try
        {
            while (open.TryPeek(out (IAsyncEnumerator<SnapshotEntry> Entries, SnapshotDirectory From, InodeId To, SnapshotEntry? Entry) current))
            {
                cancel.ThrowIfCancellationRequested();
                if (!await current.Entries.MoveNextAsync())
                {
                    // Last, for making what is in it has moved its times.
                    if (current.Entry is { } done) SetAttributes(current.To, done.Attributes with { ModifyTime = done.ModifyTime });
                    await open.Pop().Entries.DisposeAsync();
                    continue;
                }

                SnapshotEntry entry = current.Entries.Current;
                if (Made(MakeNode(entry, current.To, entry.Name), current.To, entry.Name) is not { } made) return false;
                if (_changes.Count >= ShowBatch) await ShowAsync();
                if (!entry.IsDirectory) continue;
                SnapshotDirectory below = current.From.Open(entry);
                open.Push((below.ListAsync(0, cancel).GetAsyncEnumerator(cancel), below, made, entry));
            }

            return true;
        }
        finally
        {
            foreach ((IAsyncEnumerator<SnapshotEntry> entries, _, _, _) in open) await entries.DisposeAsync();
        }
    }

    /// <summary>Makes a live directory what it was: only what differs is touched.</summary>
    public async Task<RestoreResult> MergeAsync(SnapshotDirectory present, SnapshotDirectory wanted, InodeId live, string path, CancellationToken cancel)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) await Task.Yield();
        await foreach ((SnapshotEntry? before, SnapshotEntry? after) in DirectoryComparison.RunAsync(present, wanted, cancel))
        {
            RestoreResult result = await ReplaceAsync(present, before, wanted, after, live, path, cancel);
            if (result != RestoreResult.Done) return result;
        }

        return RestoreResult.Done;
    }

    /// <summary>Makes one name what it was.</summary>
    /// <param name="present">The directory as it is.</param>
    /// <param name="before">What the name is in it; null for nothing.</param>
    /// <param name="wanted">The directory as it was.</param>
    /// <param name="after">What the name was in it; null for nothing.</param>
    /// <param name="parent">The directory.</param>
    /// <param name="path">The directory, for messages.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<RestoreResult> ReplaceAsync(
        SnapshotDirectory present, SnapshotEntry? before, SnapshotDirectory wanted, SnapshotEntry? after, InodeId parent, string path, CancellationToken cancel)
    {
        if (_changes.Count >= ShowBatch) await ShowAsync();
        FileName name = (after ?? before!).Name;
        string here = path.Length == 0 ? name.ToString() : $"{path}/{name}";
        if (before is not null && after is not null && before.Kind == after.Kind && volume.FindChild(parent, name) is { } live
            && (after.IsDirectory || before.Node == after.Node || !volume.HasOtherNames(live)))
        {
            if (after.IsDirectory)
            {
                RestoreResult merged = await MergeAsync(present.Open(before), wanted.Open(after), live, here, cancel);
                if (merged != RestoreResult.Done) return merged;
                SetAttributes(live, after.Attributes with { ModifyTime = after.ModifyTime });
            }
            else if (!volume.RestoreContent(keeper, live, before, after, _changes))
            {
                return Left(here);
            }
            else if (after.Content is { } content && volume.HasOtherNames(live))
            {
                _rewritten[before.Node] = content;
            }

            _restored++;
            return RestoreResult.Done;
        }

        if (before is not null) await RemoveAsync(present, before, parent, here, cancel);
        if (after is null) return RestoreResult.Done;
        RestoreResult created = await CreateAsync(wanted, after, parent, name, cancel);
        return created == RestoreResult.TargetExists ? Left(here) : created;
    }

    public void SetAttributes(InodeId inode, AttributeValue attributes) => volume.RestoreAttributes(inode, attributes, _changes);

    /// <summary>Tells the kernel, and open files, of what was done.</summary>
    public async Task ShowAsync()
    {
        CommittedChange all = new([.. _changes.SelectMany(static change => change.Names).Distinct()], [.. _changes.SelectMany(static change => change.Inodes).Distinct()]);
        _changes.Clear();
        await volume.ShowAsync(all);
    }

    private async Task RemoveAsync(SnapshotDirectory present, SnapshotEntry entry, InodeId parent, string path, CancellationToken cancel)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) await Task.Yield();
        if (entry.IsDirectory && volume.FindChild(parent, entry.Name) is { } live)
        {
            SnapshotDirectory directory = present.Open(entry);
            await foreach (SnapshotEntry child in directory.ListAsync(0, cancel)) await RemoveAsync(directory, child, live, $"{path}/{child.Name}", cancel);
        }

        // What was made meanwhile keeps its directory, and what is not there any more is as wanted.
        Errno error = entry.IsDirectory ? volume.RemoveDirectory(parent, entry.Name.Span) : volume.RemoveUnchanged(parent, entry, _rewritten.GetValueOrDefault(entry.Node) ?? entry.Content);
        if (error == Errno.OK) _removed++;
        else if (error != Errno.ENOENT) _inUse.Add(path);
        _changes.Add(new CommittedChange([(parent, entry.Name)], [parent]));
        if (_changes.Count >= ShowBatch) await ShowAsync();
    }

    /// <summary>A name that others have changed meanwhile, or are changing, stays as it is.</summary>
    private RestoreResult Left(string path)
    {
        if (!volume.HasSnapshot(keeper)) return RestoreResult.SnapshotGone;
        if (_inUse is not [.., var last] || last != path) _inUse.Add(path);
        return RestoreResult.Done;
    }

    private InodeId? MakeNode(SnapshotEntry entry, InodeId parent, FileName name)
    {
        if (!entry.IsDirectory && _made.TryGetValue(entry.Node, out InodeId first))
        {
            return volume.MakeLink(first, parent, name.Span).HasValue ? first : null;
        }

        InodeId? made = volume.RestoreNode(keeper, entry, mode.Take(entry), parent, name);
        if (made is { } inode && !entry.IsDirectory) _made[entry.Node] = inode;
        return made;
    }

    private InodeId? Made(InodeId? inode, InodeId parent, FileName name)
    {
        if (inode is null) return null;
        _restored++;
        _changes.Add(new CommittedChange([(parent, name)], [parent]));
        return inode;
    }

    private async Task<RestoreResult> DoneAsync()
    {
        await ShowAsync();
        return RestoreResult.Done;
    }

    private async Task<RestoreResult> FailedAsync()
    {
        await ShowAsync();
        return volume.HasSnapshot(keeper) ? RestoreResult.TargetExists : RestoreResult.SnapshotGone;
    }
}
