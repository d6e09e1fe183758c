using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Core.Memory;
using Bazil.Server.Config;
using Bazil.Server.DataDirectories;
using Bazil.Server.Errors;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Unix;

namespace Bazil.Server.Hosting;

/// <summary>The database of one data directory, open, with the directory's lock held: at most one process has it. Dispose it once.</summary>
public sealed class NodeDatabase : IDisposable
{
    private readonly LockFile _lock;
    private readonly RocksDbMetadataStore _store;

    private NodeDatabase(LockFile held, RocksDbMetadataStore store, ConfigStore config)
    {
        _lock = held;
        _store = store;
        Config = config;
    }

    public IMetadataStore Store => _store;

    /// <inheritdoc cref="RocksDbMetadataStore.MemoryUses"/>
    public IReadOnlyList<MemoryUse> MemoryUses => _store.MemoryUses;

    /// <inheritdoc cref="RocksDbMetadataStore.SyncFirst"/>
    public Action? SyncFirst
    {
        set => _store.SyncFirst = value;
    }

    public ConfigStore Config { get; }

    /// <summary>Makes a data directory and the node in it. Where there is one already nothing changes, also while its server runs.</summary>
    /// <exception cref="CommandFailedException">It cannot be made, or what is there is damaged or too new.</exception>
    public static void Create(DataDirectory directory)
    {
        directory.Create();
        using LockFile? held = LockFile.TryAcquire(directory.Lock, out int holder);
        if (held is null)
        {
            // Whoever holds the lock is a server, which only starts on a complete directory, or another create at work.
            if (Directory.Exists(directory.Metadata)) return;
            throw Running(holder);
        }

        using RocksDbMetadataStore store = CreateOrOpen(directory);
        ConfigStore.Create(store, new SodiumEntropy());
        _ = ConfigStore.Open(store);
    }

    /// <param name="failed">Called when the database turns read-only because the disk failed.</param>
    /// <exception cref="CommandFailedException">There is none, another process has it, or it is damaged or too new.</exception>
    /// <exception cref="MetadataException">The database is damaged or the disk failed.</exception>
    public static NodeDatabase Open(DataDirectory directory, Action<MetadataException>? failed = null)
    {
        directory.RequireExists();
        LockFile held = LockFile.TryAcquire(directory.Lock, out int holder) ?? throw Running(holder);
        RocksDbMetadataStore? store = null;
        try
        {
            if (!Directory.Exists(directory.Metadata))
            {
                throw new CommandFailedException(ErrorKind.NotFound, $"the data directory {directory.Path} is empty", "make a node in it with: bazil create");
            }

            store = RocksDbMetadataStore.Open(directory.Metadata, TimeProvider.System, failed);
            return new NodeDatabase(held, store, ConfigStore.Open(store));
        }
        catch
        {
            store?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>This node's key pair. The caller disposes it.</summary>
    public SigningKey OpenSigningKey() => OpenSigningKey(Config);

    /// <summary>The key pair of the node whose configuration this is. The caller disposes it.</summary>
    internal static SigningKey OpenSigningKey(ConfigStore config)
    {
        byte[] seed = config.ReadIdentitySeed();
        try
        {
            return SigningKey.FromSeed(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    public PeerId ReadPublicKey()
    {
        using SigningKey key = OpenSigningKey();
        return key.PeerId;
    }

    /// <summary>Makes all durable and releases the lock.</summary>
    public void Dispose()
    {
        Store.Dispose();
        _lock.Dispose();
    }

    private static RocksDbMetadataStore CreateOrOpen(DataDirectory directory)
    {
        try
        {
            return RocksDbMetadataStore.Create(directory.Metadata, TimeProvider.System);
        }
        catch (MetadataException e) when (e.Failure == MetadataFailure.Exists)
        {
            return RocksDbMetadataStore.Open(directory.Metadata, TimeProvider.System);
        }
    }

    private static CommandFailedException Running(int holder) =>
        new(ErrorKind.Busy, $"another server is already running{(holder == 0 ? "" : $" (pid {holder})")}", "ask it instead: bazil pubkey, bazil status");
}
