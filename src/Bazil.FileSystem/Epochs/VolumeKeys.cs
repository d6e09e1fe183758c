using System.Collections.Concurrent;
using Bazil.Core.Crypto;
using Bazil.Storage.Cas;
using Bazil.Storage.Epochs;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Epochs;

/// <summary>
/// The sharing keys of one volume on this machine: which epochs there are, which of their keys are here, and chunks under each. Content is written
/// under the newest epoch whose key is here; what is read is looked for under the epoch that its record names, then under the newer ones, then
/// under the older ones. Safe for concurrent use; takes no lock that is held while something waits. Owns neither keys nor stores.
/// </summary>
public sealed class VolumeKeys : IEpochChunks
{
    private readonly string _volume;
    private readonly KeyEpoch _first;
    private readonly ISharingKeys _keys;
    private readonly Func<SharingKey, IChunkStore> _chunksUnder;
    private readonly Func<IChunkStore, IChunkStore> _cached;
    private readonly ConcurrentDictionary<KeyFingerprint, KeyChunks> _chunks = new();
    private readonly ConcurrentDictionary<uint, IChunkStore> _views = new();
    private volatile State _state;

    /// <param name="volume">The volume's name, for messages.</param>
    /// <param name="first">The epoch that counts before a list of epochs came from a member: the one in which the volume was created, or connected.</param>
    /// <param name="keys">The keys of this machine.</param>
    /// <param name="local">The local store, in which content is sealed anew after a rotation.</param>
    /// <param name="chunksUnder">Makes a chunk store over the volume's stores for a key.</param>
    /// <param name="cached">Puts a cache before a chunk store; one is made for each epoch.</param>
    public VolumeKeys(
        string volume,
        KeyEpoch first,
        ISharingKeys keys,
        IObjectStore local,
        Func<SharingKey, IChunkStore> chunksUnder,
        Func<IChunkStore, IChunkStore>? cached = null)
    {
        _volume = volume;
        _first = first;
        _keys = keys;
        _chunksUnder = chunksUnder;
        _cached = cached ?? (static chunks => chunks);
        _state = new State(KeyEpochList.Of(first), KeyEpochList.Of(first));
        Local = local;
        Uncached = new EpochChunkStore(this, 0);
        Chunks = _cached(Uncached);
        Inspector = new EpochInspector(this);
    }

    /// <summary>The local store.</summary>
    public IObjectStore Local { get; }

    /// <summary>All chunks of the volume, under whichever key: for what is not named by a record, as snapshots.</summary>
    public IChunkStore Chunks { get; }

    /// <summary>The same past any cache, for whoever checks what is stored.</summary>
    public IChunkStore Uncached { get; }

    /// <summary>Looks at chunks under whichever key.</summary>
    public IChunkInspector Inspector { get; }

    /// <summary>The epoch that counts before there is a list.</summary>
    internal KeyEpoch First => _first;

    /// <summary>The epochs of the volume; at least one.</summary>
    public KeyEpochList Epochs => _state.Epochs;

    public KeyEpoch Newest => _state.Epochs.Newest;

    /// <summary>The epoch in which this machine writes; null when it has none of the keys.</summary>
    public KeyEpoch? NewestHeld => _state.Epochs.Epochs.Reverse().Where(epoch => Holds(epoch.Key)).Select(static epoch => (KeyEpoch?)epoch).FirstOrDefault();

    public uint Current => (NewestHeld ?? Newest).Number;

    public IChunkStore Of(uint epoch)
    {
        if (_views.TryGetValue(epoch, out IChunkStore? view)) return view;

        // A number that nobody announced is worth no memory: records come from peers.
        if (_state.Known.Epochs.All(known => known.Number != epoch)) return new EpochChunkStore(this, epoch);
        return _views.GetOrAdd(epoch, number => _cached(new EpochChunkStore(this, number)));
    }

    public bool Holds(KeyFingerprint key) => _keys.Find(key) is not null;

    public SharingKey? Find(KeyFingerprint key) => _keys.Find(key);

    /// <summary>
    /// Whether to prove a key that a member asks for. Never one of an ended epoch. One that the list does not have may be that of a rotation
    /// not heard of yet, if the person has added it here.
    /// </summary>
    public bool MayProve(KeyFingerprint wanted) => Holds(wanted) && (wanted == Newest.Key || !_state.Known.Contains(wanted));

    /// <summary>The keys, as far as they are here, under which chunks of a record with this number may be sealed, in the order in which they are tried.</summary>
    public IReadOnlyList<SharingKey> KeysFor(uint epoch) => [.. OrderFor(epoch).Select(known => _keys.Find(known.Key)).OfType<SharingKey>()];

    /// <summary>
    /// All keys under which a chunk of the volume may lie in stores. A chunk may lie under a newer key than its record says, and under an older one
    /// that another member still reads, so whoever marks what is in use marks it under all of them.
    /// </summary>
    /// <exception cref="KeyMissingException">A key of an epoch is not here: nobody can tell what is in use under it.</exception>
    public IReadOnlyList<SharingKey> RequireAll() => FindMissing() is var missing && missing != default ? throw Missing(missing) : KeysFor(0);

    /// <summary>Takes over the list of epochs that the volume has now, and those that it ever had.</summary>
    internal void Follow(KeyEpochList epochs, KeyEpochList everKnown)
    {
        KeyEpochList current = epochs.IsEmpty ? KeyEpochList.Of(_first) : epochs;
        _state = new State(current, everKnown.With([.. current.Epochs, _first]));
    }

    /// <summary>Chunks under the newest key that is here.</summary>
    /// <exception cref="KeyMissingException">None of the keys is here.</exception>
    internal IChunkStore Writing() =>
        NewestHeld is { } epoch && _keys.Find(epoch.Key) is { } key ? ChunksUnder(key) : throw new KeyMissingException(_volume, Newest.Key);

    internal IChunkStore ChunksUnder(SharingKey key)
    {
        KeyChunks chunks = _chunks.GetOrAdd(key.Fingerprint, _ => new KeyChunks(key, _chunksUnder(key)));
        if (ReferenceEquals(chunks.Key, key)) return chunks.Chunks;

        // The key was removed and added again: the old instance is wiped.
        return (_chunks[key.Fingerprint] = new KeyChunks(key, _chunksUnder(key))).Chunks;
    }

    /// <summary>Where to look for chunks of a record, as things stand; the same plan until the epochs or the keys change.</summary>
    internal ReadPlan PlanFor(uint epoch, ReadPlan? last)
    {
        State state = _state;
        int revision = _keys.Revision;
        if (last is not null && last.Revision == revision && ReferenceEquals(last.State, state)) return last;
        var stores = new List<IChunkStore>();
        KeyFingerprint missing = default;
        foreach (KeyEpoch known in OrderFor(epoch))
        {
            if (_keys.Find(known.Key) is { } key) stores.Add(ChunksUnder(key));
            else if (missing == default && (epoch == 0 ? state.Epochs.Contains(known.Key) : known.Number == epoch)) missing = known.Key;
        }

        bool isKnown = epoch == 0 || state.Known.Epochs.Any(known => known.Number == epoch);
        return new ReadPlan(state, revision, stores, missing, isKnown);
    }

    /// <summary>A key of an epoch of the volume that is not here; none when all are.</summary>
    internal KeyFingerprint FindMissing() => PlanFor(0, null).Missing;

    internal StoreException Missing(KeyFingerprint key) => new KeyMissingException(_volume, key);

    internal StoreException Unknown(uint epoch) =>
        new($"content of volume {_volume} was sealed in key epoch {epoch:x}, which this machine has not heard of yet: sync the volume with the member that wrote it");

    private IEnumerable<KeyEpoch> OrderFor(uint epoch)
    {
        IReadOnlyList<KeyEpoch> known = _state.Known.Epochs;
        IEnumerable<KeyEpoch> order = epoch == 0
            ? known.Reverse()
            : [.. known.Where(k => k.Number >= epoch), .. known.Where(k => k.Number < epoch).Reverse()];
        return order.DistinctBy(static k => k.Key);
    }

    /// <param name="Epochs">The list as it is.</param>
    /// <param name="Known">With the epochs that were in it once: snapshots may name them.</param>
    internal sealed record State(KeyEpochList Epochs, KeyEpochList Known);

    /// <param name="Missing">A key that is not here and under which the chunk may be.</param>
    internal sealed record ReadPlan(State State, int Revision, IReadOnlyList<IChunkStore> Stores, KeyFingerprint Missing, bool IsKnown)
    {
        /// <summary>True when there is one place to look, which is nearly always.</summary>
        public bool IsSimple => Stores.Count == 1 && Missing == default && IsKnown;
    }

    private sealed record KeyChunks(SharingKey Key, IChunkStore Chunks);
}
