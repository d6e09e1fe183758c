using Bazil.Storage.Cas;

namespace Bazil.FileSystem.Checking;

/// <summary>Counts as a check goes on. One writer; <see cref="Report"/> may be called by others at any time.</summary>
internal sealed class CheckTally
{
    // Guards everything below. Innermost.
    private readonly Lock _gate = new();
    private readonly List<AffectedPath> _lost = [];
    private readonly List<AffectedPath> _unreached = [];
    private readonly HashSet<string> _named = [];
    private readonly long[] _states = new long[Enum.GetValues<ChunkState>().Length];
    private long _readCount;
    private long _readBytes;
    private long _lostPathCount;

    public void Count(in ChunkInspection inspection, bool isRead)
    {
        lock (_gate)
        {
            _states[(int)inspection.State]++;
            if (!isRead || inspection.SizeBytes == 0) return;
            _readCount++;
            _readBytes += inspection.SizeBytes;
        }
    }

    /// <summary>Names what needs a chunk that is not as it should be. A path is named once.</summary>
    public void Name(ChunkState state, string path, string reason)
    {
        lock (_gate)
        {
            bool isLost = state is ChunkState.Damaged or ChunkState.Missing;
            List<AffectedPath> list = isLost ? _lost : _unreached;
            if (_named.Count >= 2 * CheckLimits.PathsMax)
            {
                if (isLost) _lostPathCount++;
                return;
            }

            if (!_named.Add($"{isLost}{path}")) return;
            if (isLost) _lostPathCount++;
            if (list.Count < CheckLimits.PathsMax) list.Add(new AffectedPath(path, reason));
        }
    }

    public CheckReport Report()
    {
        lock (_gate)
        {
            return new CheckReport(
                _states.Sum(),
                _readCount,
                _readBytes,
                _states[(int)ChunkState.Elsewhere],
                _states[(int)ChunkState.Healed],
                _states[(int)ChunkState.Damaged],
                _states[(int)ChunkState.Missing],
                _states[(int)ChunkState.Unknown],
                [.. _lost],
                _lostPathCount,
                [.. _unreached]);
        }
    }
}
