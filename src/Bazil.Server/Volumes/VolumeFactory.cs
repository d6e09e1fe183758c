using System.Collections.Concurrent;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.FileSystem.Deletions;
using Bazil.FileSystem.Epochs;
using Bazil.FileSystem.Live;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Hosting;
using Bazil.Server.Storages;
using Bazil.Storage.Blobs;
using Bazil.Storage.Cas;
using Bazil.Storage.Collection;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Unix;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Volumes;

/// <summary>Puts volumes together from the parts of the daemon. The parts are borrowed. Safe for concurrent use.</summary>
internal sealed class VolumeFactory(
    ConfigStore config,
    VolumeEpochs epochs,
    IMetadataStore metadata,
    StoragePool storages,
    DataDirectory directory,
    SigningKey identity,
    DirtyBudget budget,
    ChunkCache cache,
    TimeProvider time,
    IEntropy entropy,
    ILogger<VolumeFactory> log)
{
    /// <summary>What has been set about deletions since volumes were opened.</summary>
    private readonly ConcurrentDictionary<VolumeId, VolumePolicy> _policies = new();

    /// <summary>Makes an open volume follow what its configuration now says about deletions.</summary>
    public void SetPolicy(VolumeConfig volume) => _policies[volume.Id] = volume.Deletions;

    /// <summary>Makes the rows of a new volume, in place of what an interrupted attempt may have left under its number.</summary>
    public void Create(VolumeConfig volume, bool isOwn)
    {
        Volume.Delete(metadata, volume.LocalNumber);
        Volume.Create(Options(volume, Keys(volume, Sealers(volume, Stores(volume)))), isOwn);
    }

    /// <summary>Deletes the rows of a volume that is not open.</summary>
    public void Delete(VolumeConfig volume) => Volume.Delete(metadata, volume.LocalNumber);

    public OpenVolume Open(VolumeConfig volume)
    {
        MultiObjectStore stores = Stores(volume);
        VolumeSealers sealers = Sealers(volume, stores);
        VolumeKeys keys = Keys(volume, sealers);
        var reach = new VolumeReach(stores, time, volume.ReadTimeout);
        Volume opened = Volume.Open(Options(volume, keys) with { Reach = reach });
        opened.MayCompressAnswers = volume.Compression != ChunkCompression.None;
        return new OpenVolume(opened, stores, reach, keys, sealers);
    }

    /// <summary>What a volume is composed of, for whoever repairs its rows.</summary>
    public VolumeOptions OptionsOf(VolumeConfig volume) => Options(volume, Keys(volume, Sealers(volume, Stores(volume))));

    /// <summary>Where to look for objects that the first storage lacks: the volume's other storages, then what peers put here.</summary>
    public IReadOnlyList<IObjectStore> OtherStores(VolumeConfig volume)
    {
        // A backup of the rows may not know that this volume uses them.
        foreach (StorageAddress.PeerStorage storage in volume.Storages.Select(static storage => storage.Address).OfType<StorageAddress.PeerStorage>()) storages.OfferOf(storage.Peer).Marks.Expire();
        IObjectStore first = storages.Open(volume.Storages[0].Address);
        return [.. storages.OpenAllPuts().Concat(volume.Storages.Skip(1).Select(Open)).Where(s => s != first)];
    }

    private IObjectStore Open(VolumeStorage storage)
    {
        IObjectStore store = storages.Open(storage.Address);
        return store is RemoteStore remote && storage.Rates.Any(static rule => rule.Limits.Down is not null) ? new LimitedStore(remote, storage.Rates, time) : store;
    }

    private MultiObjectStore Stores(VolumeConfig volume) => new(storages.Open(volume.Storages[0].Address), OtherStores(volume));

    private static VolumeSealers Sealers(VolumeConfig volume, MultiObjectStore stores) => new(stores, volume.Compression);

    private VolumeKeys Keys(VolumeConfig volume, VolumeSealers sealers) => new(
        volume.Name, epochs.FirstOf(volume), epochs.Keys, sealers.Local, sealers.Under, chunks => new CachingChunkStore(chunks, cache));

    private VolumeOptions Options(VolumeConfig volume, VolumeKeys keys)
    {
        CollectingObjectStore local = storages.OpenLocal();
        return new VolumeOptions
        {
            Name = volume.Name,
            Id = volume.Id,
            LocalNumber = volume.LocalNumber,
            Identity = identity,
            Metadata = metadata,
            Chunks = keys.Chunks,
            Blobs = new BlobContext(keys, budget),
            Keys = keys,
            Clock = time,
            Entropy = entropy,
            OwnerId = UnixUser.EffectiveUserId,
            GroupId = UnixUser.EffectiveGroupId,
            Nickname = peer => config.FindPeer(peer)?.Nickname,
            Statistics = () => VolumeSpace.Of(ContentPath(volume)),
            CollectionGeneration = () => local.Generation,
            Policy = () => _policies.GetValueOrDefault(volume.Id, volume.Deletions),
            Log = (message, exception) => DaemonLog.VolumeFailed(log, message, exception),
        };
    }

    /// <summary>Where new content of a volume goes: a directory of its own, or else the data directory.</summary>
    private string ContentPath(VolumeConfig volume) =>
        volume.Storages[0].Address is StorageAddress.DirectoryStorage { Path: var path } && Directory.Exists(path) ? path : directory.Path;
}
