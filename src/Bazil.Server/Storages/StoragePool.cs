using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Folders;
using Bazil.Remotes.Packs;
using Bazil.Remotes.S3;
using Bazil.Remotes.Sftp;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;
using Bazil.Server.Peers;
using Bazil.Server.Secrets;
using Bazil.Storage.Arena;
using Bazil.Storage.Collection;
using Bazil.Storage.Eviction;
using Bazil.Storage.Metadata;
using Bazil.Storage.Stores;
using Bazil.Storage.Stores.Elsewhere;

namespace Bazil.Server.Storages;

/// <summary>
/// All object stores that this daemon has open, one for each address, shared by the volumes and peers that use it.
/// Safe for concurrent use. Disposing it closes them all.
/// </summary>
internal sealed class StoragePool(DataDirectory directory, IPeerConnections connections, IMetadataStore metadata, SigningKey identity, IEntropy entropy, TimeProvider time) : IAsyncDisposable
{
    // Guards _stores; held while a store is opened, which touches the disk but calls nothing back.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, IObjectStore> _stores = new(StringComparer.Ordinal);
    private readonly Lazy<ObjectHolds> _holds = new(() => new ObjectHolds(metadata, time));
    private readonly ConcurrentDictionary<PeerId, PeerOfferStore> _offers = []; // which own nothing

    /// <summary>The store at an address; not to be disposed by the caller. A peer's is not connected before it is used.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="mayCreate">An empty directory may become a store now; otherwise it must be one: a disk may be missing at its path.</param>
    /// <exception cref="CommandFailedException">A directory cannot be used.</exception>
    public IObjectStore Open(StorageAddress address, bool mayCreate = false) => address switch
    {
        StorageAddress.PeerStorage { Peer: var peer } => Open(address.ToString()!, _ => new GuardedObjectStore(OfferOf(peer), isGivenUp: false, time)),
        StorageAddress.DirectoryStorage { Path: var path } => Open(path, name => OpenFiles(name, path, mayCreate)),
        { IsRemote: true } => OpenRemote(address),
        StorageAddress.UnreadableStorage { Text: var text } => Open(text, static name => new UnreadableStore(name)),
        _ => OpenLocal(),
    };

    /// <summary>The store on another machine, or a removable disk. Nothing is asked before it is used.</summary>
    public RemoteStore OpenRemote(StorageAddress address) =>
        (RemoteStore)Open(address.ToString()!, name => new RemoteStore(new PackStore(FolderAt(address, name), metadata, entropy, time, identity, mayMake: true), time));

    /// <summary>What a peer offers this node, as it is: not measured, for whoever asks it about holds, or about what this node put there.</summary>
    public PeerOfferStore OfferOf(PeerId peer) => _offers.GetOrAdd(peer, key => new PeerOfferStore(key, identity.PeerId, connections, metadata, NotePut, entropy, time));

    /// <summary>Closes the store elsewhere that nobody here uses any more, and forgets which one it was: another may be put in its place.</summary>
    /// <returns>Why other nodes that use the store will still wait for this one; null when they will not.</returns>
    public async Task<string?> ForgetRemoteAsync(StorageAddress address)
    {
        IObjectStore? store;
        lock (_gate) _stores.Remove(address.ToString()!, out store);
        string? problem = null;
        try
        {
            if (store is RemoteStore remote && PackStore.IsLastAddress(metadata, address.ToString()!)) await remote.Packs.LeaveAsync(CancellationToken.None).WaitAsync(Limits.LeaveTimeMax, time);
        }
        catch (Exception e) when (e is StoreException or TimeoutException)
        {
            problem = e.Message; // it is removed here all the same: it may be away for good
        }

        if (store is not null) await store.DisposeAsync();
        PackStore.Forget(metadata, address.ToString()!);
        return problem;
    }

    /// <summary>This node's own store, the only one whose garbage is collected: nobody else puts anything there.</summary>
    public CollectingObjectStore OpenLocal() =>
        (CollectingObjectStore)Open(StorageAddress.Local.ToString()!, name => new CollectingObjectStore(OwnStore.Open(name, directory.Objects, directory.Chunks, ArenaTrust.Own), metadata, entropy, Holds));

    /// <summary>What this node has promised peers to keep in its own store.</summary>
    public ObjectHolds Holds => _holds.Value;

    /// <summary>Where the objects that a peer put here are kept.</summary>
    public IObjectStore OpenPutsOf(PeerId peer) =>
        Open($"put here by {peer}", name => OwnStore.Open(name, directory.PeerObjects(peer), directory.PeerChunks(peer), ArenaTrust.Compare));

    /// <summary>The stores of all peers that ever put something here: they may have what the local one lacks.</summary>
    public IReadOnlyList<IObjectStore> OpenAllPuts()
    {
        string peers = directory.Peers;
        if (!Directory.Exists(peers)) return [];
        var stores = new List<IObjectStore>();
        foreach (string path in Directory.EnumerateDirectories(peers))
        {
            if (PeerId.TryParse(Path.GetFileName(path), out PeerId peer)) stores.Add(OpenPutsOf(peer));
        }

        return stores;
    }

    /// <summary>Makes all content in local stores durable. Blocks: rows that name content are synced right after, on the same thread.</summary>
    public void SyncFiles()
    {
        IObjectStore[] files;
        lock (_gate) files = [.. _stores.Values.Where(static store => store is not IGuardedStore)];
        foreach (IObjectStore store in files)
        {
            try
            {
                store.SyncAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            }
            catch (StoreException) when (store.Name != StorageAddress.Local.ToString())
            {
                // A disk that was pulled out: the volumes that write to it are told by their own sync; the others go on.
            }
        }
    }

    /// <summary>The stores on disks of this machine that are open and can tell how they are, with names for people.</summary>
    public IReadOnlyList<(string Name, IObjectStore Store, IStoreHealth Health)> ListHealth()
    {
        KeyValuePair<string, IObjectStore>[] stores;
        lock (_gate) stores = [.. _stores];
        var health = new List<(string, IObjectStore, IStoreHealth)>();
        foreach ((string name, IObjectStore store) in stores)
        {
            IObjectStore inner = store is CollectingObjectStore collecting ? collecting.Inner : store;
            if (inner is ConvertingObjectStore converting) inner = converting.Target;
            if (inner is IStoreHealth found) health.Add((name, inner, found));
        }

        return health;
    }

    public async ValueTask DisposeAsync()
    {
        List<IObjectStore> stores;
        lock (_gate)
        {
            stores = [.. _stores.Values];
            _stores.Clear();
        }

        Exception? failure = null;
        foreach (IObjectStore store in stores)
        {
            try
            {
                await store.DisposeAsync();
            }
            catch (StoreException e)
            {
                failure ??= e; // thrown when the others are closed
            }
        }

        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>A collection that runs has opened the local store.</summary>
    private void NotePut(ObjectId id)
    {
        IObjectStore? local;
        lock (_gate) local = _stores.GetValueOrDefault(StorageAddress.Local.ToString()!);
        (local as CollectingObjectStore)?.NotePutElsewhere(id);
    }

    private IRemoteFolder FolderAt(StorageAddress address, string name) => address switch
    {
        StorageAddress.SftpStorage { Address: var sftp } => new SftpFolder(sftp, SshOptions, time),
        StorageAddress.S3Storage { Address: var bucket } => new S3Folder(bucket, bucket.Secret is { } secret ? () => new SecretStore(directory).Read(secret) : null, time),
        StorageAddress.DiskStorage { Disk: var disk } => new DirectoryFolder(name, disk.Open, disk.Directory, entropy, time),
        _ => throw new InvariantException($"{address} is no folder elsewhere"),
    };

    /// <summary>The person's own ssh configuration, unless this node was given one.</summary>
    private SshOptions SshOptions => File.Exists(directory.SshConfig) ? SshOptions.Default with { Arguments = ["-F", directory.SshConfig] } : SshOptions.Default;

    private IObjectStore Open(string name, Func<string, IObjectStore> open)
    {
        lock (_gate)
        {
            if (!_stores.TryGetValue(name, out IObjectStore? store)) _stores.Add(name, store = open(name));
            return store;
        }
    }

    private static FilesObjectStore OpenFiles(string name, string path, bool mayCreate = true)
    {
        try
        {
            if (!FilesObjectStore.Exists(path)) CheckMayBecomeStore(path, mayCreate);
            return FilesObjectStore.Open(name, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"cannot use storage {path}: {e.Message}", inner: e);
        }
    }

    private static void CheckMayBecomeStore(string path, bool mayCreate)
    {
        if (!mayCreate)
        {
            throw new CommandFailedException(ErrorKind.Failed, $"storage {path} is not there", "if it is on a disk of its own, attach that disk and try again");
        }

        // Nothing of a path is made: what is missing is a mistake, or a disk that is not there.
        if (!Directory.Exists(path))
        {
            throw new CommandFailedException(ErrorKind.NotFound, $"storage {path} cannot be used: there is no such directory", $"look at the path; if it is right, make it and try again: mkdir -p {path}");
        }

        if (FilesObjectStore.MayMake(path)) return;
        throw new CommandFailedException(
            ErrorKind.Invalid, $"directory {path} has other things in it and is no store", $"name one that is empty, for example: mkdir {Path.Combine(path, "bazil")}");
    }
}
