using Bazil.Core;
using Bazil.FileSystem.Reachability;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Pacing;

namespace Bazil.FileSystem.Checking;

/// <summary>
/// Checks that everything a volume refers to is there and right, as of one view of its rows: files, conflict siblings, open
/// files, snapshots. Damaged chunks are set aside and healed from other stores on the way; what cannot be healed is reported
/// with every path that needs it. Changes nothing else, so it may be cancelled at any point. One run; <see cref="Report"/> at any time.
/// </summary>
/// <param name="chunks">Reads pointers and directories; past any cache, so that what the disk has is what is checked.</param>
/// <param name="inspector">Looks at each chunk.</param>
public sealed class VolumeCheck(IChunkReader chunks, IChunkInspector inspector, CheckOptions options, Random random, TimeProvider clock)
{
    private readonly CheckTally _tally = new();
    private readonly BytePace _pace = new(clock, options.BytesPerSecondMax);
    private readonly Dictionary<ChunkKey, ChunkInspection> _wrong = [];
    private (ChunkKey Key, ChunkInspection Found)? _naming;
    private (ContentOrigin Origin, ChunkState State)? _lastNamed;

    /// <summary>What was found so far. May be called by others while the check runs.</summary>
    public CheckReport Report() => _tally.Report();

    /// <param name="view">The rows; open until this returns. Taken after <paramref name="held"/>.</param>
    /// <param name="localNumber">The number under which this machine keeps the volume's rows.</param>
    /// <param name="held">From <see cref="Live.Volume.ListHeldContentAsync"/>.</param>
    /// <exception cref="WireFormatException">A row is damaged.</exception>
    /// <exception cref="MetadataException">The database failed.</exception>
    public async Task<CheckReport> RunAsync(IMetadataReader view, uint localNumber, IReadOnlyList<HeldContent> held, CancellationToken cancel)
    {
        var walk = new VolumeReachability(view, localNumber, held, new CheckingChunkReader(chunks, this));
        await foreach (ReachableChunk chunk in walk.WalkAsync(cancel))
        {
            ChunkInspection found = await InspectAsync(chunk, cancel);
            if (found.State is not (ChunkState.Damaged or ChunkState.Missing or ChunkState.Unknown)) continue;
            walk.WalkAgain(chunk);
            if (_lastNamed is { } last && ReferenceEquals(last.Origin, chunk.Origin) && last.State == found.State) continue;
            _lastNamed = (chunk.Origin, found.State);
            _tally.Name(found.State, chunk.Origin.Describe(), found.Reason ?? "");
        }

        return _tally.Report();
    }

    /// <summary>A chunk that names others is about to be read: always hashed, because everything below hangs on it.</summary>
    internal async ValueTask InspectNamingAsync(ChunkType type, byte level, ChunkKey key, int sizeBytesMax, CancellationToken cancel)
    {
        ChunkInspection found = await InspectAsync(type, level, key, keyEpoch: 1, sizeBytesMax, isRead: true, cancel);
        _naming = (key, found);
    }

    private async ValueTask<ChunkInspection> InspectAsync(ReachableChunk chunk, CancellationToken cancel)
    {
        if (_naming is { } naming && naming.Key == chunk.Key)
        {
            _naming = null;
            if (chunk.Failure is null || naming.Found.State is ChunkState.Damaged or ChunkState.Missing or ChunkState.Unknown) return naming.Found;

            // It opens and hashes right, and still cannot be read: elsewhere and out of reach after all, or written wrong.
            var unreadable = new ChunkInspection(chunk.Failure is WireFormatException ? ChunkState.Damaged : ChunkState.Unknown, 0, chunk.Failure.Message);
            _tally.Count(unreadable, isRead: false);
            return unreadable;
        }

        if (options.Includes is { } includes && !includes(chunk.Key)) return new ChunkInspection(ChunkState.Intact, 0, null);
        bool isRead = options.ReadPercent > 0 && random.NextDouble() * 100 < options.ReadPercent;
        return await InspectAsync(chunk.Type, chunk.Level, chunk.Key, chunk.KeyEpoch, chunk.SizeBytesMax, isRead, cancel);
    }

    private async ValueTask<ChunkInspection> InspectAsync(
        ChunkType type, byte level, ChunkKey key, uint keyEpoch, int sizeBytesMax, bool isRead, CancellationToken cancel)
    {
        if (_wrong.TryGetValue(key, out ChunkInspection known)) return known;
        ChunkInspection found = await inspector.InspectAsync(type, level, key, keyEpoch, sizeBytesMax, isRead, cancel);
        _tally.Count(found, isRead);
        bool isWrong = found.State is ChunkState.Damaged or ChunkState.Missing or ChunkState.Unknown;
        if (isWrong && _wrong.Count < CheckLimits.WrongChunksMax) _wrong.Add(key, found);
        if (isRead) await _pace.WaitAsync(found.SizeBytes, cancel);
        return found;
    }
}
