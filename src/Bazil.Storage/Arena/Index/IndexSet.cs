using Bazil.Core;

namespace Bazil.Storage.Arena.Index;

/// <summary>
/// The index files of a store: where each object of the sealed segments lies. Invariants:
/// <list type="bullet">
/// <item>Each sealed segment is in <see cref="Missing"/> or covered by a file, by number and stamp.</item>
/// <item>A file in the set covers a sealed segment that no file of a larger generation covers.</item>
/// <item>What is on disk at any moment opens to a set that finds everything of the segments it does not call missing.</item>
/// </list>
/// Lookups take no lock and run beside everything else. All members may be called concurrently; one merge runs at a time.
/// The directory is private to one process: the store's lock guards it.
/// </summary>
internal sealed partial class IndexSet : IDisposable
{
    private readonly IndexFolder _folder;
    private readonly IEntropy _entropy;

    /// <summary>Guards changes of <see cref="_files"/>, <see cref="_segments"/>, and <see cref="_lastGeneration"/>. Innermost; held for no longer than a directory sync.</summary>
    private readonly Lock _change = new();
    private readonly Dictionary<uint, SealedSegment> _segments = [];
    private IndexFile[] _files = [];
    private ulong _lastGeneration;

    private IndexSet(IndexFolder folder, IEntropy entropy)
    {
        _folder = folder;
        _entropy = entropy;
    }

    /// <summary>The damaged files that were found at open and removed; their segments are in <see cref="Missing"/>.</summary>
    public IReadOnlyList<DamagedIndexException> Damaged { get; private set; } = [];

    /// <summary>The sealed segments that no file covers: pass each to <see cref="Add"/>.</summary>
    public IReadOnlyList<SealedSegment> Missing
    {
        get
        {
            lock (_change)
            {
                var covered = _files.SelectMany(file => file.LiveSegments).ToHashSet();
                return [.. _segments.Values.Where(segment => !covered.Contains(segment)).OrderBy(segment => segment.Number)];
            }
        }
    }

    /// <summary>Records in all files, copies and dead ones included.</summary>
    public long RecordCount => Files.Sum(file => file.RecordCount);

    /// <summary>The files a lookup asks, newest first.</summary>
    internal IndexFile[] Files => Volatile.Read(ref _files);

    /// <summary>That of the newest file, so that most files share one and a lookup hashes once.</summary>
    internal IndexSeed Seed { get; private set; }

    /// <summary>
    /// Opens the index files in a directory, and removes what crashes left there: unfinished files, and files whose segments
    /// are all gone or covered by later files. Reads headers and directories, 0.06 bytes an object.
    /// </summary>
    /// <param name="directory">Must exist.</param>
    /// <param name="segments">The sealed segments of the store.</param>
    /// <param name="entropy">For seeds.</param>
    /// <exception cref="IOException">The directory cannot be read, or a file in it is of a newer version.</exception>
    public static IndexSet Open(string directory, IReadOnlyCollection<SealedSegment> segments, IEntropy entropy) =>
        Open(new IndexFolder(directory, beforeChange: null), segments, entropy);

    internal static IndexSet Open(IndexFolder folder, IReadOnlyCollection<SealedSegment> segments, IEntropy entropy)
    {
        var set = new IndexSet(folder, entropy);
        try
        {
            set.Load(segments);
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>The places where an object may lie. An object put into a segment that is in no file yet is not among them.</summary>
    public IndexCandidates Find(in ObjectId id) => new(this, id);

    /// <summary>
    /// All places of all objects, read from the index files in the order of the disk, while lookups and merges go on. What is added
    /// or dropped meanwhile may be in it or not; everything else is in it, a place at least once.
    /// </summary>
    /// <exception cref="DamagedIndexException">See <see cref="Discard"/>.</exception>
    public IEnumerable<IndexEntry> Entries()
    {
        IndexFile[] files = HoldFiles();
        try
        {
            foreach (IndexFile file in files)
            {
                foreach (IndexEntry entry in file.Entries()) yield return entry;
            }
        }
        finally
        {
            Release(files);
        }
    }

    /// <summary>Builds the index of sealed segments, syncs it and shows it to lookups.</summary>
    /// <param name="segments">In any order. New to the set, or in <see cref="Missing"/>.</param>
    /// <param name="entries">All records of these segments and no others; of several with one id, all are kept. Enumerated a second time
    /// when chance or an attacker made the first seed unfit.</param>
    /// <param name="recordCount">At least the number of entries.</param>
    /// <param name="cancel">Nothing has changed then.</param>
    /// <exception cref="IOException">It cannot be written; nothing has changed.</exception>
    public void Add(IReadOnlyCollection<SealedSegment> segments, IEnumerable<IndexEntry> entries, long recordCount, CancellationToken cancel)
    {
        IndexFile file = new IndexBuild(_folder, _entropy, NextGeneration(), segments).FromEntries(entries, recordCount, Seed, cancel);
        lock (_change)
        {
            foreach (SealedSegment segment in segments) _segments[segment.Number] = segment;
            Show([.. _files, file]);
        }
    }

    /// <summary>Forgets a segment, before or after its file is unlinked. Index files that cover nothing else go too.</summary>
    public void Drop(uint segment)
    {
        lock (_change)
        {
            _segments.Remove(segment);
            foreach (IndexFile file in _files) file.Drop(segment);
            Show(_files);
        }
    }

    /// <summary>Removes a file that turned out to be damaged; its segments are in <see cref="Missing"/> then. Lookups do not find their
    /// objects until they are added again, so the caller must not take a miss for an answer meanwhile.</summary>
    public void Discard(DamagedIndexException damage)
    {
        lock (_change)
        {
            foreach (IndexFile file in _files.Where(file => file.Path == damage.Path))
            {
                foreach (SealedSegment segment in file.Segments) file.Drop(segment.Number);
            }

            Show(_files);
        }
    }

    /// <summary>Reads all files and compares every checksum.</summary>
    /// <returns>What is damaged, for <see cref="Discard"/>.</returns>
    public IReadOnlyList<DamagedIndexException> Verify(CancellationToken cancel)
    {
        var damaged = new List<DamagedIndexException>();
        IndexFile[] files = HoldFiles();
        try
        {
            foreach (IndexFile file in files)
            {
                try
                {
                    file.Verify(cancel);
                }
                catch (DamagedIndexException exception)
                {
                    damaged.Add(exception);
                }
            }
        }
        finally
        {
            Release(files);
        }

        return damaged;
    }

    public void Dispose()
    {
        foreach (IndexFile file in Files) file.Dispose();
    }

    private void Load(IReadOnlyCollection<SealedSegment> segments)
    {
        foreach (SealedSegment segment in segments) _segments.Add(segment.Number, segment);
        _folder.RemoveTemporaries();
        var damaged = new List<DamagedIndexException>();
        var files = new List<IndexFile>();
        foreach ((string path, ulong generation) in _folder.List())
        {
            _lastGeneration = Math.Max(_lastGeneration, generation);
            try
            {
                files.Add(IndexFile.Open(path, generation));
                _files = [.. files]; // so that a failure closes them
            }
            catch (DamagedIndexException exception)
            {
                damaged.Add(exception);
                _folder.Remove(path);
            }
        }

        Damaged = damaged;
        Seed = files.Count > 0 ? files.MaxBy(file => file.Generation)!.Seed : IndexSeed.Create(_entropy);
        lock (_change) Show(_files);
    }

    /// <summary>Makes these files the set, those that cover nothing of their own excepted: they are removed, as is what was in the set before and is not now.</summary>
    private void Show(IndexFile[] files)
    {
        var covered = new HashSet<SealedSegment>();
        var shown = new List<IndexFile>();
        foreach (IndexFile file in files.OrderByDescending(file => file.Generation))
        {
            foreach (SealedSegment segment in file.Segments)
            {
                // A dropped segment, or another that had its number.
                if (!_segments.TryGetValue(segment.Number, out SealedSegment live) || live != segment) file.Drop(segment.Number);
            }

            bool isNeeded = false;
            foreach (SealedSegment segment in file.LiveSegments) isNeeded |= covered.Add(segment);
            if (isNeeded) shown.Add(file);
        }

        IndexFile[] gone = [.. _files.Union(files).Except(shown)];
        Volatile.Write(ref _files, [.. shown.OrderByDescending(file => file.LiveSegments.Max(segment => segment.Number)).ThenByDescending(file => file.Generation)]);
        foreach (IndexFile file in gone)
        {
            file.Dispose();
            _folder.Remove(file.Path);
        }
    }

    /// <summary>The files of now, which stay open until <see cref="Release"/>.</summary>
    private IndexFile[] HoldFiles()
    {
        lock (_change)
        {
            foreach (IndexFile file in _files) Invariant.Check(file.TryHold()); // the set itself holds each
            return _files;
        }
    }

    private static void Release(IndexFile[] files)
    {
        foreach (IndexFile file in files) file.Dispose();
    }

    private ulong NextGeneration()
    {
        lock (_change) return ++_lastGeneration;
    }
}
