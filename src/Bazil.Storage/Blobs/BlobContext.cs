using Bazil.Storage.Cas;
using Bazil.Storage.Epochs;

namespace Bazil.Storage.Blobs;

/// <summary>What the blobs of one volume share. Owns nothing; safe for concurrent use.</summary>
public sealed class BlobContext
{
    /// <summary>What is fetched ahead of a sequential reader unless told otherwise.</summary>
    public const int DefaultReadAheadBytes = 1024 * 1024;

    /// <param name="chunks">Where chunks are read and stored; a <see cref="CachingChunkStore"/> is needed for read-ahead, since what is fetched ahead waits in its cache.</param>
    /// <param name="budget">The process-wide bound of dirty data.</param>
    /// <param name="readAheadBytes">How far ahead of a sequential reader chunks are fetched; 0 for not at all.</param>
    public BlobContext(IChunkStore chunks, DirtyBudget budget, int readAheadBytes = DefaultReadAheadBytes)
        : this(new SingleEpochChunks(chunks), budget, readAheadBytes)
    {
    }

    /// <summary>For a volume whose sharing key may be rotated.</summary>
    public BlobContext(IEpochChunks chunks, DirtyBudget budget, int readAheadBytes = DefaultReadAheadBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(readAheadBytes);
        Chunks = chunks;
        Budget = budget;
        AheadRoom = (chunks.Of(chunks.Current) as CachingChunkStore)?.AheadRoom;
        ReadAheadBytes = AheadRoom is null ? 0 : readAheadBytes;
    }

    private BlobContext(BlobContext context, UnsyncedChunks unsynced)
    {
        (Chunks, Budget, ReadAheadBytes, AheadRoom, Unsynced) = (context.Chunks, context.Budget, context.ReadAheadBytes, context.AheadRoom, unsynced);
    }

    public IEpochChunks Chunks { get; }

    public DirtyBudget Budget { get; }

    public int ReadAheadBytes { get; }

    /// <summary>Where what is fetched ahead waits; shared with all that use the cache. Null without a cache.</summary>
    internal ReadAheadRoom? AheadRoom { get; }

    /// <summary>Told each chunk that a blob has put; null when nobody asks.</summary>
    public UnsyncedChunks? Unsynced { get; }

    /// <summary>The same for blobs whose chunks are noted as they are put.</summary>
    public BlobContext Noting(UnsyncedChunks unsynced) => new(this, unsynced);
}
