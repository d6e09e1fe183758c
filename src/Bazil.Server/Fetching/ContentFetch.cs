using System.Buffers;
using Bazil.Core;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Stores;

namespace Bazil.Server.Fetching;

/// <summary>
/// Fetches all content of some files that is not on this machine, verified, and keeps it. May be cancelled at any point and run again: what is here is not fetched again. One run;
/// the counters may be read meanwhile.
/// </summary>
internal sealed class ContentFetch
{
    private long _chunks, _fetchedChunks, _fetchedBytes, _missingChunks;
    private volatile string? _problem;
    private int _missesInARow;

    /// <summary>After so many chunks in a row that could not be had, the rest is not tried: whoever has them is away. That one of them could not be had is then thrown.</summary>
    public int MissesMax { get; init; } = int.MaxValue;

    /// <summary>Told the bytes of each chunk that came; returns when more may. Called for several at a time.</summary>
    public Func<int, CancellationToken, ValueTask>? Fetched { get; init; }

    public long Chunks => Interlocked.Read(ref _chunks);

    public long FetchedChunks => Interlocked.Read(ref _fetchedChunks);

    public long FetchedBytes => Interlocked.Read(ref _fetchedBytes);

    /// <summary>Chunks that could not be had, or not kept.</summary>
    public long MissingChunks => Interlocked.Read(ref _missingChunks);

    /// <summary>Why, of one of them.</summary>
    public string? Problem => _problem;

    public async Task RunAsync(OpenVolume volume, IEnumerable<Manifest> contents, CancellationToken cancel)
    {
        await ContentWalk.RunAsync(volume, contents, (chunk, token) => FetchAsync(volume, chunk, token), Miss, cancel);

        // What was fetched stays, whatever happens now.
        await volume.Stores.Local.SyncAsync(cancel);
    }

    private async ValueTask FetchAsync(OpenVolume volume, BlobSubtree chunk, CancellationToken cancel)
    {
        Interlocked.Increment(ref _chunks);
        try
        {
            if (await IsHereAsync(volume, chunk, cancel)) return;
            using IMemoryOwner<byte> fetched = await volume.Keys.Uncached.GetAsync(ChunkType.File, chunk.Level, chunk.Key, chunk.SizeBytesMax, cancel);
            if (!await IsHereAsync(volume, chunk, cancel)) throw volume.Stores.KeepFailure ?? new StoreException($"chunk {chunk.Key} was fetched and is not here: the local store does not keep it");
            Interlocked.Exchange(ref _missesInARow, 0);
            Interlocked.Increment(ref _fetchedChunks);
            Interlocked.Add(ref _fetchedBytes, fetched.Memory.Length);
            if (Fetched is not null) await Fetched(fetched.Memory.Length, cancel);
        }
        catch (StoreException e) when (!e.IsDiskFull)
        {
            // The others are fetched all the same; that it failed is told at the end. A chunk that names others is counted when its reading fails.
            if (chunk.Level == 0) Miss(e);
            if (e is { IsUnreachable: true } && Interlocked.Increment(ref _missesInARow) >= MissesMax) throw;
        }
    }

    private static async ValueTask<bool> IsHereAsync(OpenVolume volume, BlobSubtree chunk, CancellationToken cancel)
    {
        foreach (ObjectId id in ContentWalk.NamesOf(volume, chunk))
        {
            if (await volume.Stores.Local.HasAsync(id, cancel)) return true;
        }

        return false;
    }

    private void Miss(StoreException failure)
    {
        Interlocked.Increment(ref _missingChunks);
        _problem ??= failure.Message;
    }
}
