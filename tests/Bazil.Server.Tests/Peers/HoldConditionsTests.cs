using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Server.Config;
using Bazil.Server.Peers;
using Bazil.Storage.Eviction;
using Bazil.Testing;

namespace Bazil.Server.Tests.Peers;

/// <summary>A node with a real database and store, asked to hold an object that it has.</summary>
public sealed class HoldConditionsTests : IAsyncDisposable
{
    private static readonly PeerId _asker = PeerOf(1);
    private static readonly ObjectId _object = new([.. Enumerable.Repeat((byte)3, ObjectId.Size)]);

    private readonly TempDirectory _root = new();
    private readonly SodiumEntropy _entropy = new();
    private readonly TestNode _node;
    private readonly HoldGranter _granter;

    public HoldConditionsTests()
    {
        _node = new TestNode(_root["data"], TimeProvider.System);
        _granter = new HoldGranter(_node.Storages.OpenLocal(), _node.Storages.Holds, _node.Id, new HoldConditions(Config, _node.Volumes).AreMetAsync);
        Config.AddPeer(_asker);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ConfigStore Config => _node.Config;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        _root.Dispose();
    }

    [Fact]
    public async Task A_member_that_asks_about_what_is_known_here_has_it_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        Assert.False(known.IsEmpty);
        Assert.Equal(HoldAnswer.Held, await AskAsync(volume.Id, known));
        Assert.Equal([_object], _node.Storages.Holds.ListObjects());
    }

    [Fact]
    public async Task A_volume_that_is_not_here_or_was_removed_keeps_nothing()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        await RefusesAsync(VolumeId.Random(_entropy), known);
        await _node.Volumes.RemoveAsync(volume, Cancel);
        await RefusesAsync(volume.Id, known);
    }

    [Fact]
    public async Task A_volume_that_is_being_imported_keeps_nothing()
    {
        VolumeConfig half = Config.AddVolume("half", VolumeId.Random(_entropy), "default", TestNode.LocalStorage, v => _node.Volumes.Create(v, isOwn: true), isImporting: true);
        Allow(half);
        await RefusesAsync(half.Id, Knowledge.Empty);
    }

    [Fact]
    public async Task Who_is_no_member_or_may_not_use_the_volume_or_is_not_known_has_nothing_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        await _node.Volumes.RemoveMemberAsync(volume.Id, _asker, Cancel);
        await RefusesAsync(volume.Id, known);

        await _node.Volumes.AddMemberAsync(volume.Id, _asker, Cancel);
        Config.UpdatePeer(_asker, peer => peer with { Volumes = [] });
        await RefusesAsync(volume.Id, known);

        Config.RemovePeer(_asker);
        await RefusesAsync(volume.Id, known);
    }

    [Fact]
    public async Task Who_takes_this_node_to_know_more_than_it_does_has_nothing_held()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        (ReplicaId replica, ulong tick) = known.First();
        await RefusesAsync(volume.Id, known.With(new Version(tick + 1, replica)));
        await RefusesAsync(volume.Id, Knowledge.Of(new Version(1, ReplicaId.Random(_entropy))));
    }

    [Fact]
    public async Task A_copy_that_cannot_be_read_is_none()
    {
        (VolumeConfig volume, Knowledge known) = await AddVolumeAsync();
        byte[] content = [.. Enumerable.Range(0, 5000).Select(static number => (byte)(number * 7))];
        await _node.Storages.OpenLocal().PutAsync(_object, content, Cancel);
        await _node.Storages.OpenLocal().SyncAsync(Cancel);
        FlipByteOf(content);
        Assert.Equal(HoldAnswer.Absent, Assert.Single(await _granter.HoldAsync(_asker, new HoldTicket(1), new HoldClaim(volume.Id, known), [_object], Cancel)));
        Assert.Empty(_node.Storages.Holds.ListObjects());
    }

    private static PeerId PeerOf(byte first) => new([first, .. new byte[PeerId.Size - 1]]);

    private async Task<(VolumeConfig Volume, Knowledge Known)> AddVolumeAsync()
    {
        VolumeConfig volume = Config.AddVolume("docs", VolumeId.Random(_entropy), "default", TestNode.LocalStorage, v => _node.Volumes.Create(v, isOwn: true));
        Allow(volume);
        await _node.Volumes.AddMemberAsync(volume.Id, _asker, Cancel);
        (await _node.Volumes.OpenAsync(volume.Id, Cancel)).Volume.Note(out Knowledge known);
        return (volume, known);
    }

    private void Allow(VolumeConfig volume) => Config.UpdatePeer(_asker, peer => peer with { Volumes = [volume.Id] });

    /// <summary>On the disk, behind the back of the store.</summary>
    private void FlipByteOf(byte[] content)
    {
        foreach (string path in Directory.EnumerateFiles(_node.ObjectsPath, "*", SearchOption.AllDirectories).Where(static path => Path.GetFileName(path) != "lock"))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            int at = bytes.AsSpan().IndexOf(content);
            if (at < 0) continue;
            file.Position = at + 2500;
            file.WriteByte((byte)~content[2500]);
            return;
        }

        Assert.Fail("the object is in no file");
    }

    private async Task RefusesAsync(VolumeId volume, Knowledge known)
    {
        Assert.Equal(HoldAnswer.Absent, await AskAsync(volume, known));
        Assert.Empty(_node.Storages.Holds.ListObjects());
    }

    private async Task<HoldAnswer> AskAsync(VolumeId volume, Knowledge known)
    {
        await _node.Storages.OpenLocal().PutAsync(_object, new byte[10], Cancel);
        return Assert.Single(await _granter.HoldAsync(_asker, new HoldTicket(1), new HoldClaim(volume, known), [_object], Cancel));
    }
}
