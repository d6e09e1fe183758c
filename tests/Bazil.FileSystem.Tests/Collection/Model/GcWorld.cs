namespace Bazil.FileSystem.Tests.Collection.Model;

/// <summary>
/// Several machines, a random history, and one property: what the replicated state of any member refers to is in somebody's store. So is what a
/// machine's own snapshots and open files hold, as far as it promised.
/// </summary>
internal sealed class GcWorld
{
    /// <summary>Objects are bits of a word.</summary>
    private const int ObjectsMax = 60;

    private readonly Random _random;
    private int _replicaCount;
    private int _objectCount;

    public GcWorld(int seed, GcRules rules)
    {
        Rules = rules;
        _random = new Random(seed);
        AddNodes(2 + (_random.Next(2) * _random.Next(3)));
    }

    private GcWorld(GcRules rules, int count)
    {
        Rules = rules;
        _random = new Random(0);
        AddNodes(count);
    }

    public GcRules Rules { get; }

    public List<GcNode> Nodes { get; } = [];

    public int DeletedCount => Nodes.Sum(static node => node.DeletedCount);

    public List<string> Trace { get; } = [];

    public int NewReplica() => _replicaCount++;

    /// <summary>A world for a history that is told step by step.</summary>
    public static GcWorld Told(GcRules rules, int nodes) => new(rules, nodes);

    /// <summary>Runs a history; returns what was lost, or null. Each history has a character of its own, or rare meetings of rules would never come about.</summary>
    public string? Run(int steps)
    {
        bool hasInterruptions = _random.Next(2) == 0;
        bool isHasty = _random.Next(2) == 0;
        (double Weight, Action<GcNode> Do)[] actions =
        [
            (3 * Weight(), node => Sync(node, hasInterruptions)),
            (3 * Weight(), node => Collect(node, isHasty)),
            (Weight(), WriteNew),
            (Weight(), WriteAgain),
            (Weight(), Derive),
            (2 * Weight(), RemoveOne),
            (Rarely(), Fetch),
            (Rarely(), Snapshot),
            (2 * Rarely(), UseOpenFile),
            (.1 * Rarely(), Restart),
        ];
        for (int step = 0; step < steps; step++)
        {
            double dice = _random.NextDouble() * actions.Sum(static action => action.Weight);
            GcNode node = Nodes[_random.Next(Nodes.Count)];
            foreach ((double weight, Action<GcNode> action) in actions)
            {
                dice -= weight;
                if (dice > 0) continue;
                action(node);
                break;
            }

            if (FindLoss() is { } loss) return $"step {step}: {loss}";
        }

        return null;
    }

    private double Weight() => .1 + _random.NextDouble();

    private double Rarely() => _random.Next(3) == 0 ? _random.NextDouble() : 0;

    private void Sync(GcNode node, bool hasInterruptions)
    {
        GcNode other = Nodes[_random.Next(Nodes.Count)];
        if (other == node) return;
        bool isInterrupted = hasInterruptions && _random.Next(3) == 0;
        Note($"{node.Index} pulls {other.Index}{(isInterrupted ? ", interrupted" : "")}");
        node.Pull(other, () => !isInterrupted || _random.Next(2) == 0);
    }

    private void Collect(GcNode node, bool isHasty)
    {
        if (!node.IsCollecting)
        {
            node.Begin();
            Note($"{node.Index} begins collection {node.Generation}");
            if (!isHasty && _random.Next(2) == 0) return;
        }

        if (!node.HasView)
        {
            node.TakeView();
            Note($"{node.Index} takes its view");
            if (!isHasty && _random.Next(2) == 0) return;
        }

        int before = node.DeletedCount;
        if (!isHasty && _random.Next(3) == 0) node.Sweep((ulong)_random.NextInt64());
        else node.Complete();
        Note($"{node.Index} sweeps{(node.IsCollecting ? " some" : "")}, {node.DeletedCount - before} deleted");
    }

    private void Restart(GcNode node)
    {
        Note($"{node.Index} restarts");
        node.Restart();
    }

    private void WriteNew(GcNode node)
    {
        if (_objectCount >= ObjectsMax) return;
        ulong created = 1UL << _objectCount++;
        var open = node.Pick(_random) is { } seen && _random.Next(2) == 0 ? seen : default((int File, Stamp Version, ulong Content)?);
        node.OpenFile(open?.File ?? _random.Next(4), open is { } value ? (value.Version, value.Content) : null);
        node.Write(node.Open[^1], created, (ulong)_random.NextInt64());
        node.Close(node.Open[^1]);
        Note($"{node.Index} writes {Names(created)} to a file");
    }

    /// <summary>The same bytes are written again, which is a hit where they are.</summary>
    private void WriteAgain(GcNode node)
    {
        if (_objectCount == 0) return;
        List<int> fossils = [.. node.Fossils];
        ulong content = 1UL << (fossils.Count > 0 && _random.Next(2) == 0 ? fossils[_random.Next(fossils.Count)] : _random.Next(_objectCount));
        node.Put(content);
        node.Link(content, _random.Next(4));
        Note($"{node.Index} writes {Names(content)} again");
    }

    /// <summary>A new file of what an old one consists of, which may be at another node only.</summary>
    private void Derive(GcNode node)
    {
        if (node.Pick(_random) is not { } source) return;
        node.Link(source.Content, _random.Next(4));
        Note($"{node.Index} clones {Names(source.Content)}");
    }

    private void RemoveOne(GcNode node)
    {
        if (node.Pick(_random) is not { } victim) return;
        node.Remove(victim.File, victim.Version);
        Note($"{node.Index} removes {Names(victim.Content)}");
    }

    private void Fetch(GcNode node)
    {
        if (node.Pick(_random) is not { } read) return;
        ulong found = read.Content & Nodes.Aggregate(0UL, static (all, other) => all | other.Store);
        node.Put(found & ~node.Store);
        Note($"{node.Index} reads {Names(read.Content)}");
    }

    private void Snapshot(GcNode node)
    {
        if (node.Snapshots.Count > 1)
        {
            node.Snapshots.RemoveAt(0);
            return;
        }

        // Only what is here: content that another member alone has is not promised to snapshots (docs/gc.md).
        node.Snapshots.Add(node.Reachable & node.Store);
        Note($"{node.Index} takes a snapshot");
    }

    private void UseOpenFile(GcNode node)
    {
        if (node.Open.Count > 0 && _random.Next(3) > 0)
        {
            OpenContent open = node.Open[_random.Next(node.Open.Count)];
            if (_random.Next(2) == 0 && _objectCount < ObjectsMax) node.Write(open, 1UL << _objectCount++, (ulong)_random.NextInt64() & (ulong)_random.NextInt64());
            else node.Close(open);
            Note($"{node.Index} writes to or closes an open file: {Names(open.Content)}");
            return;
        }

        if (node.Pick(_random) is not { } seen) return;
        node.OpenFile(seen.File, (seen.Version, seen.Content));
        Note($"{node.Index} opens {Names(seen.Content)}");
    }

    /// <summary>Says what is referred to or promised and in no store, or null.</summary>
    public string? FindLoss()
    {
        ulong stored = Nodes.Aggregate(0UL, static (all, node) => all | node.Store);
        foreach (GcNode node in Nodes)
        {
            if ((node.Reachable & ~stored) is not 0 and var lost) return $"node {node.Index} refers to {Names(lost)}, which nobody has";
            ulong snapshots = node.Snapshots.Aggregate(0UL, static (all, content) => all | content);
            if ((snapshots & ~stored) is not 0 and var gone) return $"a snapshot of node {node.Index} lost {Names(gone)}";
            ulong open = node.Open.Aggregate(0UL, static (all, content) => all | content.Content);
            if ((open & ~stored) is not 0 and var missing) return $"an open file of node {node.Index} lost {Names(missing)}";
        }

        return null;
    }

    private void AddNodes(int count)
    {
        for (int index = 0; index < count; index++) Nodes.Add(new GcNode(this, index));
    }

    private void Note(string what) => Trace.Add(what);

    private static string Names(ulong objects) => "{" + string.Join(' ', GcNode.Bits(objects)) + "}";
}
