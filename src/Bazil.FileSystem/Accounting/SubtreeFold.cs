using Bazil.Core;
using Bazil.FileSystem.Live;
using Bazil.Storage.Metadata;

namespace Bazil.FileSystem.Accounting;

/// <summary>
/// One pass that takes waiting changes into the totals, the deepest directories first, so that each directory is met once however
/// many changed below it. Steps are small and each is one batch, so that others come in between; what they change waits for the next pass.
/// Every method under the volume's gate.
/// </summary>
internal sealed class SubtreeFold
{
    private readonly VolumeStore _store;
    private readonly Dictionary<InodeId, int> _depths = new() { [InodeId.Root] = 0 };
    private readonly PriorityQueue<InodeId, int> _work = new();
    private readonly HashSet<InodeId> _queued = [];

    /// <summary>What waited at the beginning and has no place in the order yet: of a volume that was just counted that may be every directory.</summary>
    private readonly Queue<InodeId> _unordered;

    public SubtreeFold(VolumeStore store)
    {
        _store = store;
        _unordered = new Queue<InodeId>(store.Accounts.Waiting);
    }

    /// <summary>Folds some directories. Returns false when nothing was left to do.</summary>
    public bool Step()
    {
        var transaction = new Transaction(_store);
        if (_unordered.Count > 0)
        {
            for (int count = 0; count < AccountingLimits.OrderStep && _unordered.TryDequeue(out InodeId directory); count++) Enqueue(transaction, directory);
            return true;
        }

        if (_work.Count == 0) return false;
        var batch = new MetadataBatch();
        for (int count = 0; count < AccountingLimits.FoldStep && _work.TryDequeue(out InodeId directory, out _); count++)
        {
            _queued.Remove(directory);
            InodeId parent = transaction.ShownParent(directory);
            _store.Accounts.Fold(batch, directory, parent);
            if (parent != default && _store.Accounts.WaitingFor(parent) != SubtreeTotals.Nothing) Enqueue(transaction, parent);
        }

        if (batch.Count > 0) _store.Commit(batch);
        return true;
    }

    private void Enqueue(Transaction transaction, InodeId directory)
    {
        if (_queued.Add(directory)) _work.Enqueue(directory, -Depth(transaction, directory));
    }

    /// <summary>Only decides the order: a directory that moves meanwhile may be met twice.</summary>
    private int Depth(Transaction transaction, InodeId directory)
    {
        var path = new List<InodeId>();
        InodeId at = directory;
        while (at != default && !_depths.ContainsKey(at))
        {
            path.Add(at);
            at = transaction.ShownParent(at);
        }

        int depth = at == default ? 0 : _depths[at];
        for (int index = path.Count - 1; index >= 0; index--) _depths[path[index]] = ++depth;
        return depth;
    }
}
