using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Remotes.Sftp;
using Bazil.Server.Config;
using Bazil.Server.Config.Rows;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Storage.Cas;
using Bazil.Storage.Metadata;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Testing;
using Google.Protobuf;

namespace Bazil.Server.Tests.Config;

public sealed class ConfigStoreTests : IDisposable
{
    private static readonly VolumeStorage LocalStorage = new("default", StorageAddress.Local);
    private static readonly VolumeStorage Nas = new("nas", new StorageAddress.SftpStorage(new SftpAddress("me", "nas", 2222, "/backup"))) { Rates = [new RateRule(new RateLimits(1 << 20, null), null)] };
    private static readonly PeerId Peer = new(Enumerable.Repeat((byte)7, 32).ToArray());

    private readonly TempDirectory _directory = new();
    private readonly SodiumEntropy _entropy = new();
    private RocksDbMetadataStore _store;
    private ConfigStore _config;

    public ConfigStoreTests()
    {
        _store = RocksDbMetadataStore.Create(_directory["metadata"], TimeProvider.System);
        ConfigStore.Create(_store, _entropy);
        _config = ConfigStore.Open(_store);
    }

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void New_node_has_an_identity_and_one_sharing_key()
    {
        Assert.Equal(32, _config.ReadIdentitySeed().Length);
        Assert.Contains(_config.ReadIdentitySeed(), static b => b != 0);
        Assert.Equal(["default"], _config.ListSharingKeys());
        Assert.Empty(_config.ListVolumes());
        Assert.Empty(_config.ListPeers());
    }

    [Fact]
    public void Creating_again_changes_nothing()
    {
        byte[] seed = _config.ReadIdentitySeed();
        byte[] key = _config.GetSharingKey("default");

        ConfigStore.Create(_store, _entropy);

        Assert.Equal(seed, _config.ReadIdentitySeed());
        Assert.Equal(key, _config.GetSharingKey("default"));
    }

    [Fact]
    public void Everything_is_found_after_reopening()
    {
        byte[] secret = [.. Enumerable.Range(0, 32).Select(static i => (byte)i)];
        _config.AddSharingKey("friends", secret);
        VolumeConfig volume = _config.AddVolume("myfiles", VolumeId.Random(_entropy), "friends", LocalStorage, static _ => { });
        volume = _config.UpdateVolume("myfiles", v => v with
        {
            Mountpoint = "/mnt/x",
            Compression = ChunkCompression.None,
            IsImporting = true,
            Storages = [.. v.Storages, new VolumeStorage("disk", new StorageAddress.DirectoryStorage("/disk")), new VolumeStorage("w", new StorageAddress.PeerStorage(Peer)), Nas],
        });
        _config.AddPeer(Peer);
        PeerConfig peer = _config.UpdatePeer(Peer, p => p with
        {
            Nickname = "white", Locations = ["192.0.2.42:34211"], Storages = [StorageAddress.Local], Volumes = [volume.Id],
        });

        Reopen();

        Assert.Equal(secret, _config.GetSharingKey("friends"));
        VolumeConfig found = _config.GetVolume("myfiles");
        Assert.Equal(volume with { Storages = found.Storages }, found);
        Assert.Equal(volume.Storages, found.Storages);
        PeerConfig foundPeer = _config.GetPeer("white");
        Assert.Equal(peer.Id, foundPeer.Id);
        Assert.Equal(peer.Locations, foundPeer.Locations);
        Assert.Equal(peer.Storages, foundPeer.Storages);
        Assert.Equal(peer.Volumes, foundPeer.Volumes);
    }

    [Fact]
    public void Rows_of_secrets_are_cleared_when_they_were_read_also_when_they_are_bad()
    {
        byte[] secret = [.. Enumerable.Range(1, 32).Select(static i => (byte)i)];
        byte[] identity = ConfigRows.WriteIdentity(secret), key = ConfigRows.WriteSharingKey(secret);
        byte[] tooShort = new SharingKeyRow { Version = ConfigRows.Version, Secret = ByteString.CopyFrom(secret[..31]) }.ToByteArray();

        Assert.Equal(secret, ConfigRows.ReadIdentity(identity));
        Assert.Equal(secret, ConfigRows.ReadSharingKey("friends", key));
        Assert.Throws<CommandFailedException>(() => ConfigRows.ReadSharingKey("friends", tooShort));
        Assert.All(identity.Concat(key).Concat(tooShort), static value => Assert.Equal(0, value));
    }

    [Fact]
    public void Volume_of_a_row_from_before_compression_is_compressed()
    {
        VolumeConfig volume = _config.AddVolume("myfiles", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { });
        Assert.Equal(ChunkCompression.Zstd, volume.Compression);
        VolumeRow row = VolumeRow.Parser.ParseFrom(ConfigRows.WriteVolume(volume));
        row.Uncompressed = false; // what is false is not written
        Assert.Equal(ChunkCompression.Zstd, ConfigRows.ReadVolume("myfiles", row.ToByteArray()).Compression);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Sharing_key_of_another_length_is_refused(int length)
    {
        var e = Assert.Throws<CommandFailedException>(() => _config.AddSharingKey("friends", new byte[length]));

        Assert.Equal(ErrorKind.Invalid, e.Kind);
        Assert.Contains($"must be exactly 32 bytes, not {length}", e.Message);
        Assert.Equal(["default"], _config.ListSharingKeys());
    }

    [Fact]
    public void Sharing_key_is_never_replaced()
    {
        byte[] old = _config.GetSharingKey("default");

        Assert.Equal(ErrorKind.AlreadyExists, Assert.Throws<CommandFailedException>(() => _config.AddSharingKey("default", new byte[32])).Kind);
        Assert.Equal(old, _config.GetSharingKey("default"));
    }

    [Fact]
    public void Volume_needs_a_sharing_key_that_exists()
    {
        var e = Assert.Throws<CommandFailedException>(() => _config.AddVolume("v", VolumeId.Random(_entropy), "none", LocalStorage, static _ => { }));

        Assert.Equal(ErrorKind.NotFound, e.Kind);
        Assert.Contains("none", e.Message);
        Assert.Empty(_config.ListVolumes());
    }

    [Fact]
    public void Volume_names_and_ids_are_unique_and_numbers_never_zero()
    {
        VolumeConfig first = _config.AddVolume("a", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { });
        VolumeConfig second = _config.AddVolume("b", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { });

        Assert.Equal((1u, 2u), (first.LocalNumber, second.LocalNumber));
        Assert.Equal(ErrorKind.AlreadyExists, Assert.Throws<CommandFailedException>(() => _config.AddVolume("a", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { })).Kind);
        Assert.Equal(ErrorKind.AlreadyExists, Assert.Throws<CommandFailedException>(() => _config.AddVolume("c", first.Id, "default", LocalStorage, static _ => { })).Kind);
    }

    [Fact]
    public void Volume_whose_preparation_fails_does_not_exist()
    {
        Assert.Throws<IOException>(() => _config.AddVolume("a", VolumeId.Random(_entropy), "default", LocalStorage, static _ => throw new IOException("disk")));

        Assert.Empty(_config.ListVolumes());
    }

    [Fact]
    public void Storage_whose_address_cannot_be_read_takes_away_that_storage_and_not_the_node()
    {
        const string unreadable = "sftp://2001:db8::ab/srv/b";
        Assert.True(StorageAddress.TryParse("sftp://[2001:db8::ab]/srv/b", out StorageAddress? readable));
        _config.AddVolume("v", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { });
        _config.UpdateVolume("v", v => v with { Storages = [.. v.Storages, new VolumeStorage("odd", new StorageAddress.UnreadableStorage(unreadable)), new VolumeStorage("nas", readable)] });
        VolumeConfig volume = Assert.Single(ConfigStore.Open(_store).ListVolumes());
        Assert.Equal([StorageAddress.Local, new StorageAddress.UnreadableStorage(unreadable), readable], volume.Storages.Select(static storage => storage.Address));
    }

    [Fact]
    public void Address_with_a_password_is_refused_without_being_repeated()
    {
        CommandFailedException refused = Assert.Throws<CommandFailedException>(() => StorageAddress.CheckNoPassword("sftp://bob:secret@nas/b"));
        Assert.DoesNotContain("secret", $"{refused}", StringComparison.Ordinal);
        StorageAddress.CheckNoPassword("sftp://bob@nas/b");
    }

    [Fact]
    public void Nickname_stands_for_one_peer_only()
    {
        var other = new PeerId(Enumerable.Repeat((byte)9, 32).ToArray());
        _config.AddPeer(Peer);
        _config.AddPeer(other);
        _config.UpdatePeer(Peer, static p => p with { Nickname = "white" });

        var e = Assert.Throws<CommandFailedException>(() => _config.UpdatePeer(other, static p => p with { Nickname = "white" }));

        Assert.Equal(ErrorKind.AlreadyExists, e.Kind);
        Assert.Contains(Peer.ToString(), e.Message);
        Assert.Equal(Peer, _config.GetPeer("white").Id);
        Assert.Equal(Peer, _config.GetPeer(Peer.ToString()).Id);
    }

    [Fact]
    public void Removed_peer_leaves_nothing_behind()
    {
        _config.AddPeer(Peer);
        _config.UpdatePeer(Peer, static p => p with { Nickname = "white", Storages = [StorageAddress.Local] });

        Assert.True(_config.RemovePeer(Peer));
        Assert.False(_config.RemovePeer(Peer));
        _config.AddPeer(Peer);

        PeerConfig again = _config.GetPeer(Peer.ToString());
        Assert.Null(again.Nickname);
        Assert.Empty(again.Storages);
    }

    [Theory]
    [InlineData(Table.Identity)]
    [InlineData(Table.SharingKey)]
    [InlineData(Table.Volume)]
    [InlineData(Table.Peer)]
    public void Truncated_row_is_damage_and_not_absence(Table table)
    {
        _config.AddVolume("v", VolumeId.Random(_entropy), "default", LocalStorage, static _ => { });
        _config.AddPeer(Peer);
        (byte[] key, byte[] value) = FirstRow(table);
        for (int length = 0; length < value.Length; length++)
        {
            Put(key, value[..length]);

            var e = Assert.Throws<CommandFailedException>(() => ConfigStore.Open(_store));

            Assert.Equal(ErrorKind.Damaged, e.Kind);
        }
    }

    [Fact]
    public void Newer_data_directory_is_refused_by_name()
    {
        Put([(byte)Table.Format], [8, 2]);

        var e = Assert.Throws<CommandFailedException>(() => ConfigStore.Open(_store));

        Assert.Equal(ErrorKind.TooNew, e.Kind);
        Assert.Contains("format version 2", e.Message);
    }

    [Fact]
    public void Newer_row_is_refused_by_name()
    {
        (byte[] key, byte[] value) = FirstRow(Table.SharingKey);
        Assert.Equal(new byte[] { 8, 1 }, value[..2]);
        value[1] = 9;
        Put(key, value);

        var e = Assert.Throws<CommandFailedException>(() => ConfigStore.Open(_store));

        Assert.Equal(ErrorKind.TooNew, e.Kind);
        Assert.Contains("sharing key default has version 9", e.Message);
    }

    [Fact]
    public void Empty_database_is_no_node()
    {
        using var store = RocksDbMetadataStore.Create(_directory["empty"], TimeProvider.System);

        Assert.Equal(ErrorKind.NotFound, Assert.Throws<CommandFailedException>(() => ConfigStore.Open(store)).Kind);
    }

    private void Reopen()
    {
        _store.Dispose();
        _store = RocksDbMetadataStore.Open(_directory["metadata"], TimeProvider.System);
        _config = ConfigStore.Open(_store);
    }

    private (byte[] Key, byte[] Value) FirstRow(Table table)
    {
        using IMetadataCursor cursor = _store.Scan([(byte)table], [(byte)(table + 1)]);
        Assert.True(cursor.MoveNext());
        return (cursor.Key.ToArray(), cursor.Value.ToArray());
    }

    private void Put(byte[] key, byte[] value)
    {
        var batch = new MetadataBatch();
        batch.Put(key, value);
        _store.Commit(batch);
    }
}
