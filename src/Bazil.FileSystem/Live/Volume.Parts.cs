using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Sync;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Live;

// Synchronisation of a part of the volume: a pull of what lies at one path, that is left before its end.
public sealed partial class Volume
{
    /// <summary>
    /// Brings what another member has changed at a path, here or there, with the directories above it, and nothing else. Knowledge stays as it is: a
    /// later pull of everything brings the rest. May be interrupted at any point. One pull at a time, others wait.
    /// </summary>
    /// <param name="link">To the other member.</param>
    /// <param name="path">Names from the root; none for everything.</param>
    /// <param name="cancel">Leaves the pull where it is.</param>
    /// <inheritdoc cref="PullAsync(IVolumeLink, CancellationToken)" path="/exception"/>
    public Task<PullResult> PullAsync(IVolumeLink link, IReadOnlyList<FileName> path, CancellationToken cancel)
    {
        if (path.Count == 0) return PullAsync(link, cancel);
        if (path.Count > PathScope.NamesMax) throw new SyncException($"the path has {path.Count} names, more than {PathScope.NamesMax}");
        return PullAsync(new PullSession(this, link), session => session.RunPartAsync(path, cancel), cancel);
    }

    /// <summary>What belongs to a path here.</summary>
    internal IReadOnlySet<NodeId> NodesAt(IReadOnlyList<FileName> path)
    {
        IMetadataSnapshot view;
        lock (_gate) view = _options.Metadata.Snapshot();
        using (view) return new PathScope(_store.Freeze(view), path).Nodes;
    }
}
