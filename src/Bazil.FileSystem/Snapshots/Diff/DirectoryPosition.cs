using Bazil.Core;

namespace Bazil.FileSystem.Snapshots.Diff;

/// <summary>
/// A place in a directory's search tree: in front of an entry, or of a whole node that was not loaded yet. Not safe for concurrent use.
/// </summary>
internal sealed class DirectoryPosition(DirectoryNodeReader nodes)
{
    private readonly Stack<(LoadedNode At, int Index)> _path = [];

    public bool IsAtEnd => _path.Count == 0;

    /// <summary>True in front of an entry, false in front of a node.</summary>
    public bool IsEntry => Level == 0;

    /// <summary>The level of the node in which it stands: one above that of the node in front.</summary>
    public byte Level => _path.Peek().At.Node.Level;

    /// <summary>The node in front.</summary>
    public ChunkKey Child => _path.Peek().At.Node.ChildOf(_path.Peek().Index);

    /// <summary>The name of the entry in front.</summary>
    public ReadOnlySpan<byte> Name => _path.Peek().At.Node.NameOf(_path.Peek().Index);

    /// <summary>The entry in front, as its bytes.</summary>
    public ReadOnlySpan<byte> Body => _path.Peek().At.Node.BodyOf(_path.Peek().Index);

    /// <summary>All names in front are above this one; empty when nothing is known.</summary>
    public ReadOnlySpan<byte> After => _path.Peek() is { Index: > 0 } at ? at.At.Node.NameOf(at.Index - 1) : _path.Peek().At.After;

    public async ValueTask OpenAsync(DirectoryManifest directory, CancellationToken cancel)
    {
        if (directory.Entries > 0) _path.Push((await nodes.LoadRootAsync(directory, cancel), 0));
    }

    public SnapshotEntry Entry() => _path.Peek().At.Node.EntryOf(_path.Peek().Index, 1, nodes.Format);

    /// <summary>Loads the node in front and stands in front of its first item.</summary>
    public async ValueTask DescendAsync(CancellationToken cancel)
    {
        (LoadedNode at, int index) = _path.Peek();
        _path.Push((await nodes.LoadChildAsync(at, index, cancel), 0));
    }

    /// <summary>Goes behind the entry or the node in front.</summary>
    public void Advance()
    {
        while (_path.TryPop(out (LoadedNode At, int Index) top))
        {
            if (top.Index + 1 == top.At.Node.Count) continue;
            _path.Push((top.At, top.Index + 1));
            return;
        }
    }
}
