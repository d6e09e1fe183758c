using System.Runtime.CompilerServices;
using Bazil.FileSystem.Nodes;
using Bazil.FileSystem.Snapshots.Diff;

namespace Bazil.FileSystem.Snapshots;

/// <summary>
/// A directory of a snapshot. Immutable, cheap to make, safe for concurrent use. All methods throw what the chunk store
/// throws, and <see cref="Core.WireFormatException"/>, which names the snapshot, when a directory does not follow the format.
/// </summary>
public sealed class SnapshotDirectory
{
    private readonly DirectoryNodeReader _nodes;

    internal SnapshotDirectory(DirectoryNodeReader nodes, DirectoryManifest manifest)
    {
        _nodes = nodes;
        Manifest = manifest;
    }

    public DirectoryManifest Manifest { get; }

    /// <summary>
    /// Finds a name; null when it is not there. Reads one chunk for each level of the directory: three at a million entries.
    /// </summary>
    public async ValueTask<SnapshotEntry?> LookupAsync(FileName name, CancellationToken cancel)
    {
        if (Manifest.Entries == 0) return null;
        LoadedNode at = await _nodes.LoadRootAsync(Manifest, cancel);
        ulong before = 0;
        while (true)
        {
            int index = at.Node.Find(name.Span);
            if (index == at.Node.Count) return null;
            before += at.Node.EntriesBefore(index);
            if (at.Node.Level == 0)
            {
                return at.Node.NameOf(index).SequenceEqual(name.Span) ? at.Node.EntryOf(index, before + 1, _nodes.Format) : null;
            }

            at = await _nodes.LoadChildAsync(at, index, cancel);
        }
    }

    /// <summary>
    /// Lists in the order of the names' bytes. The cookie is 0 for the beginning, or the <see cref="SnapshotEntry.NextCookie"/>
    /// of any entry of this directory, taken at any time; going on behind it costs one chunk for each level. A cookie beyond
    /// the end lists nothing.
    /// </summary>
    public async IAsyncEnumerable<SnapshotEntry> ListAsync(ulong cookie, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (cookie >= Manifest.Entries) yield break;
        var path = new Stack<(LoadedNode At, int Index)>();
        LoadedNode at = await _nodes.LoadRootAsync(Manifest, cancel);
        ulong number = cookie;
        ulong within = cookie;
        while (true)
        {
            int index = at.Node.Find(within);
            within -= at.Node.EntriesBefore(index);
            if (at.Node.Level > 0)
            {
                path.Push((at, index));
                at = await _nodes.LoadChildAsync(at, index, cancel);
                continue;
            }

            for (; index < at.Node.Count; index++)
            {
                cancel.ThrowIfCancellationRequested();
                yield return at.Node.EntryOf(index, ++number, _nodes.Format);
            }

            while (path.Count > 0 && path.Peek().Index + 1 == path.Peek().At.Node.Count)
            {
                path.Pop();
            }

            if (path.Count == 0) yield break;
            (at, index) = path.Pop();
            path.Push((at, index + 1));
            at = await _nodes.LoadChildAsync(at, index + 1, cancel);
            within = 0;
        }
    }

    /// <summary>A place in it, not opened yet.</summary>
    internal DirectoryPosition Position() => new(_nodes);

    /// <summary>The directory that an entry of this snapshot is.</summary>
    /// <exception cref="ArgumentException">The entry is no directory.</exception>
    public SnapshotDirectory Open(SnapshotEntry entry) => entry.Directory is { } manifest
        ? new SnapshotDirectory(_nodes, manifest)
        : throw new ArgumentException($"{entry.Name} is no directory but a {entry.Kind}", nameof(entry));
}
