using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Sync;

/// <summary>
/// What belongs to a path of a volume: the nodes shown there, those in conflict with them included, and all that names a directory
/// of it as a place, shown there or not. So dead nodes belong to where they were, and the losing place of a conflict counts.
/// </summary>
internal sealed class PathScope
{
    /// <summary>Names in a path: more do not fit into PATH_MAX.</summary>
    public const int NamesMax = 2048;

    private readonly Transaction _transaction;
    private readonly SortedSet<NodeId> _nodes = [];
    private readonly List<NodeId> _above = [];
    private readonly Queue<Claim> _directories = [];

    /// <param name="frozen">A frozen view of the volume.</param>
    /// <param name="path">Names from the root; at least one.</param>
    public PathScope(VolumeStore frozen, IReadOnlyList<FileName> path)
    {
        _transaction = new Transaction(frozen);
        Find(path);
        while (_directories.TryDequeue(out Claim directory)) Walk(directory);
    }

    /// <summary>In the order of their ids, so that parents mostly come first.</summary>
    public IReadOnlySet<NodeId> Nodes => _nodes;

    /// <summary>The directories above the path, when there is anything on it.</summary>
    public IReadOnlyList<NodeId> Above => _nodes.Count == 0 ? [] : _above;

    private void Find(IReadOnlyList<FileName> path)
    {
        InodeId at = InodeId.Root;
        for (int index = 0; index < path.Count - 1; index++)
        {
            Claim[] directories = _transaction.Resolve(at, path[index]).Directories;
            if (directories.Length == 0) return;
            _above.AddRange(directories.Select(static claim => claim.Node));
            at = directories[0].Inode;
        }

        ShownName shown = _transaction.Resolve(at, path[^1]);
        foreach (Claim claim in shown.Directories.Concat(shown.Files).Concat(shown.Conflicts)) Add(claim);
    }

    private void Walk(Claim directory)
    {
        VolumeTables tables = _transaction.Store.Tables;
        foreach ((_, Claim[] claims) in tables.ScanDirectory(directory.Inode, []))
        {
            foreach (Claim claim in claims) Add(claim);
        }

        foreach (InodeId child in tables.ReadHiddenChildren(directory.Node))
        {
            if (_transaction.Read(child) is { } record) Add(new Claim(child, record.Id, record.Kind, default, default));
        }
    }

    private void Add(Claim claim)
    {
        if (_nodes.Add(claim.Node) && claim.IsDirectory) _directories.Enqueue(claim);
    }
}
