using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.FileSystem.Nodes;

namespace Bazil.FileSystem.Repair;

/// <summary>Nodes that names, other nodes or the log of changes tell of, and whose records are not there.</summary>
internal sealed class MissingNodes
{
    private readonly Dictionary<NodeId, (InodeId Parent, FileName Name)> _named = [];
    private readonly HashSet<NodeId> _nameless = [];

    public int Count => _named.Count + _nameless.Count;

    public long NamedCount => _named.Count;

    public long NamelessCount => _nameless.Count;

    public static MissingNodes Find(SalvagedRows rows, CancellationToken cancel)
    {
        var missing = new MissingNodes();
        HashSet<NodeId> present = [];
        var parents = new HashSet<NodeId>();
        foreach (NodeRecord record in rows.Records())
        {
            cancel.ThrowIfCancellationRequested();
            present.Add(record.Id);
            if (!record.Content.IsEmpty || record.HasLiveLink) parents.UnionWith(record.Places().Select(place => place.Place.Parent));
        }

        foreach ((InodeId parent, FileName name, Claim[] claims) in rows.Names())
        {
            cancel.ThrowIfCancellationRequested();
            foreach (Claim claim in claims)
            {
                if (!present.Contains(claim.Node)) missing._named.TryAdd(claim.Node, (parent, name));
            }
        }

        foreach (NodeId node in rows.ChangedNodes().Concat(parents))
        {
            if (node != NodeId.Root && !present.Contains(node) && !missing._named.ContainsKey(node)) missing._nameless.Add(node);
        }

        return missing;
    }

    public bool Contains(NodeId node) => _named.ContainsKey(node) || _nameless.Contains(node);

    /// <summary>It was found elsewhere.</summary>
    public void Found(NodeId node)
    {
        _named.Remove(node);
        _nameless.Remove(node);
    }

    /// <summary>The paths of those that had a name.</summary>
    public IReadOnlyList<string> Describe(VolumeStore store, int countMax)
    {
        var transaction = new Transaction(store);
        return [.. _named.Values.Take(countMax).Select(place => PathOf(transaction, place.Parent) + place.Name).Order(StringComparer.Ordinal)];
    }

    /// <summary>The path of a directory, with a slash at its end; a question mark for what leads to it and is not there.</summary>
    private static string PathOf(Transaction transaction, InodeId directory)
    {
        var names = new List<string>();
        for (InodeId at = directory; at != InodeId.Root; at = transaction.ShownParent(at))
        {
            if (at == default || transaction.Read(at) is not { } record || record.Places() is not [var place, ..])
            {
                names.Add("?");
                break;
            }

            names.Add(place.Place.Name.ToString());
        }

        names.Reverse();
        return string.Concat(names.Select(static name => name + "/"));
    }
}
