namespace Bazil.Remotes.Tests.Packs.Model;

/// <summary>All steps of all nodes, in an order that the seed decides. One thread.</summary>
internal sealed class SeededSteps(Random random)
{
    private readonly List<(NodeSteps Node, Task Step)> _waiting = [];

    public void Add(NodeSteps node, Task step) => _waiting.Add((node, step));

    /// <summary>Does one step; false when none waits.</summary>
    public bool TryStep()
    {
        if (_waiting.Count == 0) return false;
        int index = random.Next(_waiting.Count);
        (NodeSteps node, Task step) = _waiting[index];
        _waiting[index] = _waiting[^1];
        _waiting.RemoveAt(_waiting.Count - 1);
        node.Execute(step);
        return true;
    }
}
