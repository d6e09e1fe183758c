using System.Collections.Immutable;
using Bazil.Core;
using Bazil.FileSystem.Eviction;
using Bazil.Remotes.Packs;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Caching;

/// <summary>The storages of a volume whose copies count, those in packs first: they are the cheapest to ask. What several addresses lead to is one store, however many names it has.</summary>
internal sealed class CountedStores
{
    private readonly ImmutableArray<(VolumeStorage Storage, ICountedStore Store)> _stores;
    private readonly Dictionary<string, string> _sameAs = new(StringComparer.Ordinal); // other names of a store, with the one that it goes by here

    public CountedStores(VolumeConfig volume, StoragePool storages, IMetadataStore metadata, TimeProvider time)
    {
        Policy = volume.Copies;
        _stores =
        [
            .. Distinct(volume, storages, metadata).Select(storage => (storage, (ICountedStore)new PackCopies(storage.Name, storages.OpenRemote(storage.Address), time))),
            .. volume.Storages.Select(storage => (storage, Peer: (storage.Address as StorageAddress.PeerStorage)?.Peer)).Where(static entry => entry.Peer is not null)
                .Select(entry => (entry.storage, (ICountedStore)new PeerCopies(entry.storage.Name, storages.OfferOf(entry.Peer!.Value), () => ClaimOf(volume.Id, entry.Peer!.Value)))),
        ];
        if (_stores.Length > EvictionLimits.StoresMax) _stores = _stores[..EvictionLimits.StoresMax];
    }

    public CopyPolicy Policy { get; }

    /// <summary>Where it is looked up which peer knows of what. Set before anything is to be held.</summary>
    public EvictionView? View { get; set; }

    /// <summary>The changes that name the objects that are asked about next.</summary>
    public Knowledge Asked { get; set; } = Knowledge.Empty;

    public IReadOnlyList<ICountedStore> Stores => [.. _stores.Select(static entry => entry.Store)];

    /// <summary>Bits of the stores that the policy names; null when it names one that does not count here, or is no storage of the volume any more.</summary>
    public ulong? Required
    {
        get
        {
            ulong bits = 0;
            foreach (string name in Policy.Required)
            {
                int index = _stores.Select(static entry => entry.Storage.Name).ToList().IndexOf(_sameAs.GetValueOrDefault(name, name));
                if (index < 0) return null;
                bits |= 1UL << index;
            }

            return bits;
        }
    }

    /// <summary>Bits of the stores that may count for content of a file: peers only when they know of it.</summary>
    public ulong CountableFor(EvictableContent content) => BitsWhere(storage => storage.Address is not StorageAddress.PeerStorage { Peer: var peer } || View!.IsKnownTo(peer, content));

    /// <summary>Bits of the stores that may count for content that only a snapshot of this node has: which of them its members know is not known here.</summary>
    public ulong CountableForSnapshots => BitsWhere(static storage => storage.Address.IsRemote);

    /// <summary>Of what a peer said that it knows, what is about these objects: all of it may be larger than a message.</summary>
    private HoldClaim ClaimOf(VolumeId volume, in PeerId peer) => new(volume, Asked.Meet(View!.KnowledgeOf(peer)));

    /// <summary>The stores in packs, each once, under the first name at which nothing is wrong, or its first one. One that was never met is left out: it may be any of the others. Adding a storage meets it.</summary>
    private IEnumerable<VolumeStorage> Distinct(VolumeConfig volume, StoragePool storages, IMetadataStore metadata)
    {
        var met = new Dictionary<Guid, string>();
        foreach (VolumeStorage storage in volume.Storages.Where(static storage => storage.Address.IsRemote).OrderBy(storage => storages.OpenRemote(storage.Address).Problem is not null))
        {
            if (PackStore.Recall(metadata, storage.Address.ToString()!) is not { } id) continue;
            if (met.TryAdd(id, storage.Name)) yield return storage;
            else _sameAs.Add(storage.Name, met[id]);
        }
    }

    private ulong BitsWhere(Func<VolumeStorage, bool> counts)
    {
        ulong bits = 0;
        for (int index = 0; index < _stores.Length; index++)
        {
            if (counts(_stores[index].Storage)) bits |= 1UL << index;
        }

        return bits;
    }
}
