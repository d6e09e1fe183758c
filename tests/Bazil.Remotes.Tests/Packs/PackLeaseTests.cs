using System.Collections.Immutable;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Remotes.Packs;

namespace Bazil.Remotes.Tests.Packs;

public sealed class PackLeaseTests : IDisposable
{
    private static readonly byte[] _store = [.. Enumerable.Range(0, PackStoreMark.IdBytes).Select(static index => (byte)index)];

    private readonly SigningKey _key = TestNode.Key(1);

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Lease_is_read_as_it_was_written_and_its_bytes_are_settled()
    {
        PackLease lease = Sample();
        byte[] file = lease.Encode(_store, _key);
        PackLease read = PackLease.Parse(file, _store, _key.PeerId);
        Assert.Equal(file, read.Encode(_store, _key));
        Assert.Equal((lease.Sequence, lease.Round), (read.Sequence, read.Round));
        Assert.Equal(lease.Doomed, read.Doomed);
        Assert.Equal(lease.Answers, read.Answers);
        byte[] hash = new byte[32];
        Blake2b.Hash(file, hash);
        Assert.Equal("6352cc5e02f662185d168ee5d709659b2859dbb851eb9cc2c3a2e4b640aa4bf6", Convert.ToHexStringLower(hash));
    }

    [Fact]
    public void Lease_that_is_cut_or_changed_anywhere_is_refused()
    {
        byte[] file = Sample().Encode(_store, _key);
        for (int length = 0; length < file.Length; length++) Refused(file[..length]);
        Refused([.. file, 0]);
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(file);
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Lease_of_another_node_or_store_is_refused()
    {
        using SigningKey other = TestNode.Key(2);
        byte[] file = Sample().Encode(_store, _key);
        Assert.Contains("of another node", Assert.Throws<WireFormatException>(() => PackLease.Parse(file, _store, other.PeerId)).Message, StringComparison.Ordinal);
        Assert.Contains("of another store", Assert.Throws<WireFormatException>(() => PackLease.Parse(file, new byte[PackStoreMark.IdBytes], _key.PeerId)).Message, StringComparison.Ordinal);

        // Signed, but by somebody else in its name.
        byte[] forged = (Sample() with { Node = other.PeerId }).Encode(_store, other);
        _key.PeerId.Span.CopyTo(forged.AsSpan(30));
        Assert.Contains("signature", Assert.Throws<WireFormatException>(() => PackLease.Parse(forged, _store, _key.PeerId)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lease_of_a_newer_version_is_refused_by_name()
    {
        byte[] file = Sample().Encode(_store, _key);
        file[12] = (byte)'2';
        Assert.Contains("a version that this one does not know", Assert.Throws<WireFormatException>(() => PackLease.Parse(file, _store, _key.PeerId)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_of_a_pack_tells_who_wrote_it()
    {
        using SigningKey other = TestNode.Key(2);
        PackId pack = PackId.Create(new SodiumEntropy(), _key.PeerId);
        Assert.True(pack.IsOf(_key.PeerId));
        Assert.False(pack.IsOf(other.PeerId));
        Assert.True(PackId.TryParseFileName(pack.FileName, out PackId parsed) && parsed.IsOf(_key.PeerId));
    }

    private PackLease Sample() => new(
        _key.PeerId,
        7,
        new Guid("000102030405060708090a0b0c0d0e0f"),
        [new PackId(1), new PackId(UInt128.MaxValue)],
        ImmutableSortedDictionary<PeerId, Guid>.Empty.Add(TestNode.Key(3).PeerId, new Guid("0f0e0d0c0b0a09080706050403020100")));

    private void Refused(byte[] file) => Assert.Throws<WireFormatException>(() => PackLease.Parse(file, _store, _key.PeerId));
}
