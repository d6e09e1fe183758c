namespace Bazil.Storage.Arena.Index;

/// <summary>Makes one ascending sequence of several.</summary>
internal static class RunMerger
{
    public static IEnumerable<IndexRecord> Merge(IReadOnlyList<IEnumerable<IndexRecord>> runs)
    {
        if (runs.Count == 1) return runs[0];
        return MergeMany(runs);
    }

    private static IEnumerable<IndexRecord> MergeMany(IReadOnlyList<IEnumerable<IndexRecord>> runs)
    {
        var open = new List<IEnumerator<IndexRecord>>();
        try
        {
            var heads = new PriorityQueue<IEnumerator<IndexRecord>, ulong>();
            foreach (IEnumerable<IndexRecord> run in runs)
            {
                IEnumerator<IndexRecord> head = run.GetEnumerator();
                open.Add(head);
                if (head.MoveNext()) heads.Enqueue(head, head.Current.Place);
            }

            while (heads.TryPeek(out IEnumerator<IndexRecord>? head, out _))
            {
                yield return head.Current;
                if (head.MoveNext()) heads.DequeueEnqueue(head, head.Current.Place);
                else heads.Dequeue();
            }
        }
        finally
        {
            foreach (IEnumerator<IndexRecord> head in open) head.Dispose();
        }
    }
}
