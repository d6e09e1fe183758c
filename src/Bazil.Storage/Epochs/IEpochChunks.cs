using Bazil.Storage.Cas;

namespace Bazil.Storage.Epochs;

/// <summary>
/// The chunks of a volume whose sharing key may have been rotated. The number of a record is the oldest epoch under which one of its chunks may be
/// sealed: what is written to it later is sealed under the newest. Safe for concurrent use.
/// </summary>
public interface IEpochChunks
{
    /// <summary>The number of the epoch under which is written now.</summary>
    uint Current { get; }

    /// <summary>
    /// A store that finds the chunks of records with this number, and writes under the newest epoch whose key is here. Keys are looked up
    /// at each use, so one that is added later helps at once.
    /// </summary>
    IChunkStore Of(uint epoch);
}
