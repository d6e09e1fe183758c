using System.Numerics;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// Merging. A file belongs to a tier by its number of keys, each eight times the one before. Eight files of a tier become one,
/// so that at most seven of each tier are asked by a lookup, and each key is written again about once for each tier.
/// A file most of whose segments were dropped is written anew by itself.
/// </summary>
internal sealed partial class IndexSet
{
    private readonly Lock _merging = new();

    /// <summary>Merges once, if there is something to merge: for a background worker, which calls again until there is not.</summary>
    /// <returns>Whether something was merged.</returns>
    /// <exception cref="DamagedIndexException">A file is damaged (see <see cref="Discard"/>). Nothing has changed.</exception>
    /// <exception cref="IOException">It cannot be written, for example because the disk is full. Nothing has changed.</exception>
    public bool Merge(CancellationToken cancel)
    {
        lock (_merging)
        {
            IndexFile[] files = HoldFiles();
            try
            {
                return Merge(ChooseInputs(files), cancel);
            }
            finally
            {
                Release(files);
            }
        }
    }

    internal static int TierOf(long keyCount) =>
        Math.Max(0, (BitOperations.Log2((ulong)Math.Max(1, keyCount - 1)) - IndexLimits.FirstTierKeysLog2 + 3) / 3);

    private bool Merge(IndexFile[] inputs, CancellationToken cancel)
    {
        if (inputs.Length == 0) return false;
        SealedSegment[] segments = [.. inputs.SelectMany(file => file.LiveSegments).Distinct()];
        IndexFile merged = new IndexBuild(_folder, _entropy, NextGeneration(), segments).FromFiles(inputs, Seed, cancel);
        lock (_change)
        {
            bool isWanted = inputs.All(input => _files.Contains(input));
            if (isWanted) Show([.. _files.Except(inputs), merged]);
            else Abandon(merged); // an input was found damaged, or dropped, meanwhile
            return isWanted;
        }
    }

    private static IndexFile[] ChooseInputs(IndexFile[] files)
    {
        foreach (IGrouping<int, IndexFile> tier in files.GroupBy(file => TierOf(file.KeyCount)).OrderBy(tier => tier.Key))
        {
            IndexFile[] candidates = [.. tier.OrderBy(file => file.KeyCount)];
            if (candidates.Length >= IndexLimits.FanOut && Fits(candidates)) return candidates;
            if (candidates.Length >= IndexLimits.FanOut && Fits(candidates[..2])) return candidates[..2];
        }

        return [.. files.Where(file => file.LiveSegments.Count() * 2 < file.Segments.Count).Take(1)];
    }

    private static bool Fits(IndexFile[] files) =>
        files.Sum(file => file.RecordCount) <= IndexLimits.KeysPerFileMax && files.Sum(file => file.LiveSegments.Count()) <= IndexLimits.SegmentsPerFileMax;

    private void Abandon(IndexFile file)
    {
        file.Dispose();
        _folder.Remove(file.Path);
    }
}
