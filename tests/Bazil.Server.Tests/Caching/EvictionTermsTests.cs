using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers;
using Bazil.Server.Caching;
using Bazil.Server.Config;
using Bazil.Server.Storages;
using Bazil.Storage.Metadata.RocksDb;
using Bazil.Testing;

namespace Bazil.Server.Tests.Caching;

public sealed class EvictionTermsTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly RocksDbMetadataStore _store;
    private readonly ConfigStore _config;

    public EvictionTermsTests()
    {
        _store = RocksDbMetadataStore.Create(_directory["metadata"], TimeProvider.System);
        ConfigStore.Create(_store, new SodiumEntropy());
        _config = ConfigStore.Open(_store);
        Add("files");
        _config.UpdateVolume("files", static volume => volume with { Storages = volume.Storages.Add(new VolumeStorage("usb", new StorageAddress.DirectoryStorage("/usb"))) });
    }

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void What_changes_no_copy_ends_no_run()
    {
        using var terms = new EvictionTerms(_config);
        Assert.Equal("files", Assert.Single(terms.Volumes).Name);
        Assert.True(terms.StillHold());
        _config.AddPeer(new PeerId(Enumerable.Repeat((byte)7, 32).ToArray()));
        _config.UpdateVolume("files", static volume => volume with { IsPaused = true });
        _config.UpdateVolume("files", static volume => volume with { Storages = volume.Storages.SetItem(1, volume.Storages[1] with { Rates = [new RateRule(new RateLimits(1 << 20, null), null)] }) });
        Assert.True(terms.StillHold());
    }

    [Fact]
    public void Another_policy_ends_the_run_also_when_it_is_taken_back()
    {
        using var terms = new EvictionTerms(_config);
        Change(static volume => volume with { CopiesSet = new CopyPolicy(2, []) });
        Assert.False(terms.StillHold());
        Change(static volume => volume with { CopiesSet = null });
        Assert.False(terms.StillHold());
        using var next = new EvictionTerms(_config);
        Change(static volume => volume with { CopiesSet = new CopyPolicy(1, ["usb"]) });
        Assert.False(next.StillHold());
    }

    [Fact]
    public void A_storage_that_is_removed_or_leads_elsewhere_ends_the_run()
    {
        using var terms = new EvictionTerms(_config);
        Change(static volume => volume with { Storages = volume.Storages.RemoveAt(1) });
        Assert.False(terms.StillHold());
        Change(static volume => volume with { Storages = volume.Storages.Add(new VolumeStorage("usb", new StorageAddress.DirectoryStorage("/usb"))) });
        using var next = new EvictionTerms(_config);
        Change(static volume => volume with { Storages = volume.Storages.SetItem(1, new VolumeStorage("usb", new StorageAddress.DirectoryStorage("/other"))) });
        Assert.False(next.StillHold());
    }

    [Fact]
    public void Another_volume_ends_the_run_for_it_may_have_the_same_content()
    {
        using var terms = new EvictionTerms(_config);
        Add("more");
        Assert.False(terms.StillHold());
    }

    private void Add(string name) => _config.AddVolume(name, VolumeId.Random(new SodiumEntropy()), "default", TestNode.LocalStorage, static _ => { });

    private void Change(Func<VolumeConfig, VolumeConfig> change) => _config.UpdateVolume("files", change);
}
