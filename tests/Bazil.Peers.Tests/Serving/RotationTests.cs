using Bazil.Core.Crypto;
using Bazil.Peers.Tests.Nodes;

namespace Bazil.Peers.Tests.Serving;

/// <summary>The proof while the volume's sharing key is being rotated: each side is told what the other has.</summary>
public sealed class RotationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Caller_with_the_old_key_gets_nothing_and_both_sides_know_the_key_that_it_lacks()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.ExchangeAsync([1], Cancel);
        var next = nodes.Prover(9, "next");
        nodes.Volume.Rotate(next);
        bool asked = false;
        nodes.Volume.Answer = (_, cancel) =>
        {
            asked = true;
            return VolumeTests.Count(1, 1, cancel);
        };
        var e = await Assert.ThrowsAsync<RotatedKeyException>(() => nodes.ExchangeAsync([1], Cancel));
        Assert.Equal(next.Fingerprint, e.Wanted);
        Assert.Contains("bazil sharing add", e.Message);
        Assert.Contains((nodes.Black.Id, nodes.Key.Fingerprint, true), nodes.Volume.OtherKeys);
        Assert.False(asked);
        await Assert.ThrowsAsync<RotatedKeyException>(() => nodes.Call.ConnectVolumeAsync("photos", nodes.Key, Cancel));
    }

    [Fact]
    public async Task Caller_that_has_both_keys_proves_the_one_that_is_asked_for()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var next = nodes.Prover(9, "next");
        nodes.Volume.Rotate(next);
        Assert.Equal(new ConnectedVolume(TwoNodes.VolumeId, 2), await nodes.Call.ConnectVolumeAsync("photos", new Ring(nodes.Key, next), Cancel));
        Assert.Empty(nodes.Volume.OtherKeys);
    }

    [Fact]
    public async Task Caller_that_is_ahead_does_not_fall_back_to_the_old_key()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var next = nodes.Prover(9, "next");
        var e = await Assert.ThrowsAsync<PeerBehindException>(() => nodes.Call.ConnectVolumeAsync("photos", new Ring(next, older: nodes.Key), Cancel));
        Assert.Equal(next.Fingerprint, e.Needed);
        Assert.Equal([(nodes.Black.Id, next.Fingerprint, false)], nodes.Volume.OtherKeys);
    }

    [Fact]
    public async Task Server_that_lacks_the_newest_key_says_so()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Epoch = new KeyEpoch(2, nodes.Prover(9, "next").Fingerprint);
        nodes.Volume.Key = null;
        var e = await Assert.ThrowsAsync<PeerBehindException>(() => nodes.Call.ConnectVolumeAsync("photos", nodes.Key, Cancel));
        Assert.Equal(nodes.Volume.Epoch.Key, e.Needed);
    }

    [Fact]
    public async Task Key_that_nobody_rotated_to_is_wrong_and_tells_nothing()
    {
        await using var nodes = await TwoNodes.StartAsync();
        nodes.Volume.Rotate(nodes.Prover(9, "next"));
        await Assert.ThrowsAsync<WrongSharingKeyException>(() => nodes.Call.ConnectVolumeAsync("photos", nodes.Prover(11, "guess"), Cancel));
    }

    /// <summary>A key, and another that may be asked for, or that has ended.</summary>
    private sealed class Ring(ISharingKeyProver own, ISharingKeyProver? other = null, ISharingKeyProver? older = null) : ISharingKeyProver
    {
        public string KeyName => own.KeyName;

        public KeyFingerprint Fingerprint => own.Fingerprint;

        public ISharingKeyProver? For(KeyFingerprint wanted) => wanted == own.Fingerprint ? own : wanted == other?.Fingerprint ? other : null;

        public bool IsOlder(KeyFingerprint wanted) => wanted == older?.Fingerprint;

        public void Prove(ReadOnlySpan<byte> statement, Span<byte> proof) => own.Prove(statement, proof);
    }
}
