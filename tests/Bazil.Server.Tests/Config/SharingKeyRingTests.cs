using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Config;
using Bazil.Server.Errors;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata;

namespace Bazil.Server.Tests.Config;

public sealed class SharingKeyRingTests : IDisposable
{
    private readonly MemoryMetadataStore _store = new();
    private readonly SodiumEntropy _entropy = new();
    private readonly ConfigStore _config;
    private readonly SharingKeyRing _ring;

    public SharingKeyRingTests()
    {
        ConfigStore.Create(_store, _entropy);
        _config = ConfigStore.Open(_store);
        _ring = new SharingKeyRing(_config);
    }

    public void Dispose() => _ring.Dispose();

    [Fact]
    public void Key_that_is_added_is_found_at_once_by_its_fingerprint()
    {
        byte[] secret = Enumerable.Repeat((byte)42, 32).ToArray();
        using var key = new SharingKey(secret);
        Assert.Null(_ring.Find(key.Fingerprint));
        int before = _ring.Revision;
        _config.AddSharingKey("friends", secret);
        _ring.Added();
        Assert.NotEqual(before, _ring.Revision);
        Assert.True(_ring.Find(key.Fingerprint)!.HasSameSecret(key));
        Assert.Equal("friends", _ring.NameOf(key.Fingerprint));
    }

    [Fact]
    public void Key_that_is_removed_is_wiped_and_may_come_back_under_another_name()
    {
        byte[] secret = Enumerable.Repeat((byte)42, 32).ToArray();
        _config.AddSharingKey("friends", secret);
        _ring.Added();
        SharingKey key = _ring.Get("friends");
        KeyFingerprint fingerprint = key.Fingerprint;
        _config.RemoveSharingKey("friends");
        _ring.Removed("friends");
        Assert.Null(_ring.Find(fingerprint));
        Assert.Throws<ObjectDisposedException>(() => key.Borrow());

        _config.AddSharingKey("again", secret);
        _ring.Added();
        Assert.Equal("again", _ring.NameOf(fingerprint));
    }

    [Fact]
    public void Key_that_a_volume_names_is_not_removed()
    {
        _config.AddVolume("myfiles", VolumeId.Random(_entropy), "default", new VolumeStorage("default", StorageAddress.Local), static _ => { }, keyGeneration: 3);
        Assert.Equal(3u, _config.GetVolume("myfiles").KeyGeneration);
        Assert.Contains("myfiles", Assert.Throws<CommandFailedException>(() => _config.RemoveSharingKey("default")).Message);
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<CommandFailedException>(() => _config.RemoveSharingKey("nonesuch")).Kind);
    }
}
