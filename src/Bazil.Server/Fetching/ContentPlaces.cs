using Bazil.Core;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Stores;

namespace Bazil.Server.Fetching;

/// <summary>
/// Counts which storage of a volume has how many chunks of some files. A storage on another machine or a removable disk is asked by its index, so also while it is away; a peer itself. One run.
/// </summary>
internal sealed class ContentPlaces(OpenVolume volume, IReadOnlyList<(VolumeStorage Storage, IObjectStore Store)> places)
{
    private readonly long[] _held = new long[places.Count];
    private readonly string?[] _problems = new string?[places.Count];
    private long _chunks;

    /// <summary>All chunks, as far as what names them could be read.</summary>
    public long Chunks => Interlocked.Read(ref _chunks);

    /// <summary>Why a chunk that names others could not be read; null when all could.</summary>
    public string? Problem { get; private set; }

    public IEnumerable<(VolumeStorage Storage, long Held, string? Problem)> Places =>
        places.Select((place, index) => (place.Storage, Interlocked.Read(ref _held[index]), _problems[index]));

    public Task RunAsync(IEnumerable<Manifest> contents, CancellationToken cancel) =>
        ContentWalk.RunAsync(volume, contents, LookAsync, failure => Problem ??= failure.Message, cancel);

    private async ValueTask LookAsync(BlobSubtree chunk, CancellationToken cancel)
    {
        Interlocked.Increment(ref _chunks);
        for (int index = 0; index < places.Count; index++)
        {
            if (_problems[index] is null && await HasAsync(index, chunk, cancel)) Interlocked.Increment(ref _held[index]);
        }
    }

    private async ValueTask<bool> HasAsync(int index, BlobSubtree chunk, CancellationToken cancel)
    {
        try
        {
            foreach (ObjectId id in ContentWalk.NamesOf(volume, chunk))
            {
                if (places[index].Store is RemoteStore remote ? remote.Knows(id) : await places[index].Store.HasAsync(id, cancel)) return true;
            }

            return false;
        }
        catch (StoreException e)
        {
            // It is not asked again: what it was found to have is a lower bound.
            _problems[index] = e.Message;
            return false;
        }
    }
}
