using System.Security.Cryptography;
using System.Text;
using Bazil.Core;
using Bazil.Server.Errors;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Config;

/// <summary>
/// The configuration of one node: identity, sharing keys, volumes, peers. Rows of the metadata database; every change is durable
/// when the method returns. Safe for concurrent use.
/// <para>Invariants: volume names, local numbers and volume ids are unique; nicknames are unique; local numbers are never 0;
/// every volume names a sharing key that exists.</para>
/// </summary>
public sealed partial class ConfigStore
{
    /// <summary>The sharing key that <see cref="Create"/> makes.</summary>
    public const string DefaultSharingKey = "default";

    private readonly IMetadataStore _store;

    // Guards every read-modify-write of the configuration tables. Innermost: nothing else is locked while it is held.
    private readonly Lock _gate = new();

    private ConfigStore(IMetadataStore store) => _store = store;

    /// <summary>Raised after each change, under the lock: handlers return at once and do not call the store.</summary>
    public event Action? Changed;

    /// <summary>Makes the configuration of a new node, with a fresh identity and a sharing key called <c>default</c>. Does nothing when there is one.</summary>
    /// <exception cref="CommandFailedException">There is one, and it is damaged or too new.</exception>
    public static void Create(IMetadataStore store, IEntropy entropy)
    {
        if (IsCreated(store)) return;
        var batch = new MetadataBatch();
        batch.Put(Key(Table.Format), ConfigRows.WriteFormat());
        PutSecret(batch, Key(Table.Identity), entropy, ConfigRows.WriteIdentity);
        PutSecret(batch, Key(Table.SharingKey, DefaultSharingKey), entropy, ConfigRows.WriteSharingKey);
        store.Commit(batch);
        batch.Wipe();
        store.Sync();
    }

    /// <summary>Reads an existing configuration. The store stays the caller's and must outlive this.</summary>
    /// <exception cref="CommandFailedException">There is none, or it is damaged or too new.</exception>
    public static ConfigStore Open(IMetadataStore store)
    {
        if (!IsCreated(store)) throw new CommandFailedException(ErrorKind.NotFound, "this data directory is empty", "make one with: bazil create");
        var config = new ConfigStore(store);
        _ = config.ListVolumes();
        _ = config.ListPeers();
        _ = config.ListSharingKeys();
        _ = config.ReadCache();
        CryptographicOperations.ZeroMemory(config.ReadIdentitySeed());
        return config;
    }

    /// <summary>The seed of this node's key pair. The caller clears it.</summary>
    public byte[] ReadIdentitySeed()
    {
        byte[] value = _store.Get(Key(Table.Identity))
            ?? throw new CommandFailedException(ErrorKind.Damaged, "this node's identity is missing from the database", "restore the data directory from a backup");
        return ConfigRows.ReadIdentity(value);
    }

    private static void PutSecret(MetadataBatch batch, byte[] key, IEntropy entropy, SecretWriter write)
    {
        Span<byte> secret = stackalloc byte[ConfigRows.SecretSize];
        entropy.Fill(secret);
        byte[] row = write(secret);
        batch.Put(key, row);
        CryptographicOperations.ZeroMemory(row);
        CryptographicOperations.ZeroMemory(secret);
    }

    private static bool IsCreated(IMetadataStore store)
    {
        byte[]? value = store.Get(Key(Table.Format));
        if (value is null) return false;
        uint version = ConfigRows.ReadFormat(value);
        if (version > ConfigRows.DirectoryVersion)
        {
            throw new CommandFailedException(
                ErrorKind.TooNew, $"the data directory has format version {version}, this program knows versions up to {ConfigRows.DirectoryVersion}", "use a newer bazil");
        }

        return version != 0
            ? true
            : throw new CommandFailedException(ErrorKind.Damaged, "the data directory has no format version", "restore it from a backup");
    }

    private static byte[] Key(Table table) => [(byte)table];

    private static byte[] Key(Table table, string name) => [(byte)table, .. Encoding.UTF8.GetBytes(name)];

    private static byte[] Key(Table table, in PeerId peer) => [(byte)table, .. peer.Span];

    private static string NameOf(ReadOnlySpan<byte> key) => Encoding.UTF8.GetString(key[1..]);

    /// <summary>Calls the function for each row of a table, in the order of its keys.</summary>
    private List<T> ReadAll<T>(Table table, RowReader<T> read)
    {
        var rows = new List<T>();
        using IMetadataCursor cursor = _store.Scan([(byte)table], [(byte)(table + 1)]);
        while (cursor.MoveNext()) rows.Add(read(cursor.Key, cursor.Value.ToArray()));
        return rows;
    }

    private void Put(byte[] key, byte[] value)
    {
        var batch = new MetadataBatch();
        batch.Put(key, value);
        _store.Commit(batch);
        batch.Wipe(); // of sharing keys, among others
        _store.Sync();
        Changed?.Invoke();
    }

    private void Delete(byte[] key)
    {
        var batch = new MetadataBatch();
        batch.Delete(key);
        _store.Commit(batch);
        _store.Sync();
        Changed?.Invoke();
    }

    private delegate byte[] SecretWriter(ReadOnlySpan<byte> secret);

    private delegate T RowReader<out T>(ReadOnlySpan<byte> key, byte[] value);
}
