using Bazil.Core;
using Bazil.FileSystem.Nodes;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Tests.Simulation;

/// <summary>
/// The shown tree computed in one piece from all records, as docs/sync.md defines it, with none of the volume's
/// incremental machinery. Slow and plain.
/// </summary>
internal sealed class TreeOracle
{
    private readonly Dictionary<NodeId, NodeRecord> _nodes;
    private readonly HashSet<NodeId> _alive = [NodeId.Root];
    private readonly Dictionary<NodeId, SortedDictionary<FileName, List<Entry>>> _entries = [];

    private TreeOracle(List<NodeRecord> records) => _nodes = records.Where(r => !r.IsVolumeWide).ToDictionary(r => r.Id);

    public static SortedDictionary<string, string> Compute(IMetadataStore metadata)
    {
        var oracle = new TreeOracle(StateReader.Records(metadata));
        oracle.FindAlive();
        oracle.Place();
        var tree = new SortedDictionary<string, string>(StringComparer.Ordinal);
        oracle.Walk([NodeId.Root], "", tree);
        return tree;
    }

    /// <summary>The nodes that live, and the root.</summary>
    public static HashSet<NodeId> Alive(List<NodeRecord> records)
    {
        var oracle = new TreeOracle(records);
        oracle.FindAlive();
        return oracle._alive;
    }

    private void FindAlive()
    {
        var todo = new Stack<NodeId>(_nodes.Values.Where(n => n.IsDirectory ? n.HasLiveLink : !n.Content.IsEmpty).Select(n => n.Id));
        while (todo.TryPop(out NodeId node))
        {
            if (!_alive.Add(node)) continue;
            foreach (PlacedLink place in _nodes[node].Places().Where(place => _nodes.ContainsKey(place.Place.Parent))) todo.Push(place.Place.Parent);
        }
    }

    private void Place()
    {
        HashSet<NodeId> loose = FindLoose();
        foreach (NodeId node in _alive.Where(node => node != NodeId.Root))
        {
            foreach (PlacedLink place in _nodes[node].Places())
            {
                bool isAtRoot = loose.Contains(node) || !_alive.Contains(place.Place.Parent);
                NodeId parent = isAtRoot ? NodeId.Root : place.Place.Parent;
                if (!_entries.TryGetValue(parent, out SortedDictionary<FileName, List<Entry>>? names)) _entries[parent] = names = [];
                if (!names.TryGetValue(place.Place.Name, out List<Entry>? entries)) names[place.Place.Name] = entries = [];
                entries.Add(new Entry(node, place.LinkId, place.Version));
            }
        }
    }

    private HashSet<NodeId> FindLoose()
    {
        Dictionary<NodeId, PlacedLink> up = _alive.Where(n => n != NodeId.Root && _nodes[n].IsDirectory).ToDictionary(n => n, n => _nodes[n].Places()[0]);
        var loose = new HashSet<NodeId>();
        foreach (NodeId start in up.Keys)
        {
            var path = new List<NodeId>();
            NodeId at = start;
            while (up.ContainsKey(at) && !path.Contains(at))
            {
                path.Add(at);
                at = up[at].Place.Parent;
            }

            if (path.IndexOf(at) is var index and >= 0) loose.Add(path[index..].MinBy(n => (up[n].Version, n)));
        }

        return loose;
    }

    private void Walk(List<NodeId> group, string path, SortedDictionary<string, string> tree)
    {
        var names = new SortedDictionary<FileName, List<Entry>>();
        foreach (NodeId directory in group)
        {
            foreach ((FileName name, List<Entry> entries) in _entries.GetValueOrDefault(directory) ?? [])
            {
                names[name] = names.TryGetValue(name, out List<Entry>? others) ? [.. others, .. entries] : entries;
            }
        }

        foreach ((FileName name, List<Entry> entries) in names)
        {
            List<NodeId> directories = [.. entries.Where(e => _nodes[e.Node].IsDirectory).Select(e => e.Node).Distinct().Order()];
            List<Entry> files = [.. entries.Where(e => !_nodes[e.Node].IsDirectory).OrderByDescending(e => (e.Version, e.Node, e.LinkId))];
            List<Entry> twins = [.. files.Where(e => e.Node == files[0].Node || AreTwins(files[0], e))];
            tree[$"{path}/{name}"] = $"directories [{string.Join(' ', directories)}] files [{string.Join(' ', twins)}] conflicts [{string.Join(' ', files.Except(twins))}]";
            if (directories.Count > 0) Walk(directories, $"{path}/{name}", tree);
        }
    }

    private bool AreTwins(Entry left, Entry right)
    {
        NodeRecord a = _nodes[left.Node], b = _nodes[right.Node];
        return a.Kind == b.Kind && !a.Content.IsConflict && a.Content.HasSameValues(b.Content);
    }

    private readonly record struct Entry(NodeId Node, Version LinkId, Version Version)
    {
        public override string ToString() => $"{Node}:{LinkId}";
    }
}
