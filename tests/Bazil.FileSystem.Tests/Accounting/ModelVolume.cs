namespace Bazil.FileSystem.Tests.Accounting;

/// <summary>A tree in memory that is counted by walking it: what the totals of directories must say.</summary>
internal sealed class ModelVolume
{
    private readonly Dictionary<string, ModelNode> _names = new(StringComparer.Ordinal);
    private long _lastLink;

    public IEnumerable<string> Directories => _names.Where(entry => entry.Value.IsDirectory).Select(entry => entry.Key).Order(StringComparer.Ordinal);

    public IEnumerable<string> Files => _names.Where(entry => !entry.Value.IsDirectory).Select(entry => entry.Key).Order(StringComparer.Ordinal);

    public ModelVolume Clone()
    {
        var copy = new ModelVolume { _lastLink = _lastLink };
        var nodes = _names.Values.Distinct().ToDictionary(node => node, node => new ModelNode(node.IsDirectory) { Size = node.Size });
        foreach ((string path, ModelNode node) in _names)
        {
            copy._names[path] = nodes[node];
            copy._names[path].Links[path] = node.Links[path];
        }

        return copy;
    }

    public bool Has(string path) => _names.ContainsKey(path);

    public void Make(string path, bool isDirectory)
    {
        var node = new ModelNode(isDirectory);
        _names.Add(path, node);
        node.Links[path] = ++_lastLink;
    }

    public void Write(string path, long size) => _names[path].Size = size;

    public void Link(string path, string newPath)
    {
        _names.Add(newPath, _names[path]);
        _names[path].Links[newPath] = ++_lastLink;
    }

    public long SizeOf(string path) => _names[path].Size;

    public bool AreSame(string left, string right) => _names[left] == _names[right];

    public void Remove(string path)
    {
        _names.Remove(path, out ModelNode? node);
        node!.Links.Remove(path);
    }

    /// <summary>Moves a name and everything below it; what is there already goes.</summary>
    public void Rename(string path, string newPath)
    {
        if (Has(newPath)) Remove(newPath);
        foreach (string old in _names.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
        {
            string moved = newPath + old[path.Length..];
            _names.Remove(old, out ModelNode? node);
            node!.Links.Remove(old, out long link);
            node.Links[moved] = link;
            _names.Add(moved, node);
        }
    }

    public bool IsEmpty(string directory) => !_names.Keys.Any(name => name.StartsWith(directory + "/", StringComparison.Ordinal));

    /// <summary>What lies below a directory; a file with several names counts where its oldest name is.</summary>
    public (long Bytes, long Files, long Directories) Count(string directory)
    {
        string prefix = directory.Length == 0 ? "" : directory + "/";
        var inside = _names.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        var files = inside.Where(entry => !entry.Value.IsDirectory && entry.Value.Links.MinBy(link => link.Value).Key == entry.Key).ToList();
        return (files.Sum(entry => entry.Value.Size), files.Count, inside.Count(entry => entry.Value.IsDirectory));
    }

    private sealed class ModelNode(bool isDirectory)
    {
        public bool IsDirectory { get; } = isDirectory;

        public long Size { get; set; }

        /// <summary>Path → which link it is, the oldest first.</summary>
        public Dictionary<string, long> Links { get; } = new(StringComparer.Ordinal);
    }
}
