using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>Makes one index file. The file appears under its name whole and synced, or not at all.</summary>
internal sealed class IndexBuild
{
    private readonly IndexFolder _folder;
    private readonly IEntropy _entropy;
    private readonly ulong _generation;
    private readonly SealedSegment[] _segments;
    private readonly Dictionary<uint, ushort> _ordinals;

    public IndexBuild(IndexFolder folder, IEntropy entropy, ulong generation, IReadOnlyCollection<SealedSegment> segments)
    {
        if (segments.Count > IndexLimits.SegmentsPerFileMax) throw new ArgumentException($"{segments.Count} segments are too many for one index file");
        _folder = folder;
        _entropy = entropy;
        _generation = generation;
        _segments = [.. segments.OrderBy(segment => segment.Number)];
        _ordinals = _segments.Select((segment, ordinal) => (segment.Number, ordinal)).ToDictionary(pair => pair.Number, pair => (ushort)pair.ordinal);
    }

    public IndexFile FromEntries(IEnumerable<IndexEntry> entries, long recordCount, IndexSeed seed, CancellationToken cancel) =>
        Build(recordCount, seed, (trySeed, sorter) => Sorted(entries, trySeed, sorter, cancel), cancel);

    /// <summary>Files of the same seed are in order already and only read along; the rest is sorted.</summary>
    public IndexFile FromFiles(IReadOnlyCollection<IndexFile> files, IndexSeed seed, CancellationToken cancel) =>
        Build(
            files.Sum(file => file.RecordCount),
            seed,
            (trySeed, sorter) =>
            [
                .. Sorted(files.Where(file => file.Seed != trySeed).SelectMany(file => file.Entries()), trySeed, sorter, cancel),
                .. files.Where(file => file.Seed == trySeed).Select(Renumbered),
            ],
            cancel);

    private IndexFile Build(
        long recordCount, IndexSeed seed, Func<IndexSeed, RecordSorter, IReadOnlyList<IEnumerable<IndexRecord>>> runs, CancellationToken cancel)
    {
        if (recordCount > IndexLimits.KeysPerFileMax) throw new ArgumentException($"{recordCount} entries are too many for one index file");
        string path = _folder.PathOf(_generation);
        string temporary = path + IndexFolder.TemporarySuffix;
        try
        {
            for (int attempt = 0; attempt < IndexLimits.SeedsPerFile; attempt++)
            {
                using var sorter = new RecordSorter(_folder.Directory);
                _folder.Announce("create " + temporary);
                using var writer = new IndexWriter(temporary, _folder.Directory, recordCount);
                if (writer.TryWrite(RunMerger.Merge(runs(seed, sorter)), _segments, seed, cancel))
                {
                    _folder.Publish(temporary, path);
                    return IndexFile.Open(path, _generation);
                }

                seed = IndexSeed.Create(_entropy);
            }
        }
        catch
        {
            _folder.Remove(temporary);
            throw;
        }

        throw new InvariantException($"no seed of {IndexLimits.SeedsPerFile} suits the {recordCount} keys of {path}");
    }

    private IReadOnlyList<IEnumerable<IndexRecord>> Sorted(IEnumerable<IndexEntry> entries, IndexSeed seed, RecordSorter sorter, CancellationToken cancel)
    {
        int count = 0;
        foreach (IndexEntry entry in entries)
        {
            if ((++count & 0xFFF) == 0) cancel.ThrowIfCancellationRequested();
            sorter.Add(new IndexRecord(seed.Hash(entry.Id).Place, entry.Id, OrdinalOf(entry.Location.Segment), entry.Location.Block));
        }

        return sorter.Finish();
    }

    private IEnumerable<IndexRecord> Renumbered(IndexFile file) => file.Records()
        .Where(record => _ordinals.ContainsKey(file.Segments[record.Ordinal].Number)) // it may have been dropped only just
        .Select(record => record with { Ordinal = OrdinalOf(file.Segments[record.Ordinal].Number) });

    private ushort OrdinalOf(uint segment) => _ordinals.TryGetValue(segment, out ushort ordinal)
        ? ordinal
        : throw new ArgumentException($"an entry lies in segment {segment}, which the index file is not to cover");
}
