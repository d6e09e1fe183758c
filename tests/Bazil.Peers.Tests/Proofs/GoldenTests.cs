using System.Security.Cryptography;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Identity;
using Bazil.Peers.Proofs;

namespace Bazil.Peers.Tests.Proofs;

/// <summary>Frozen bytes of what is signed and proved. docs/protocol.md shows them; they were made with PyNaCl and hashlib as well.</summary>
public sealed class GoldenTests
{
    private static readonly byte[] Counting = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Vouch_statement_and_signature_are_frozen()
    {
        using var key = SigningKey.FromSeed(Counting);
        byte[] spki = [.. Enumerable.Range(0, 91).Select(i => (byte)(0x30 + i))];
        Assert.Equal(
            "62617a696c2d766f7563682d746c730a01800e8069000000000060816900000000303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a",
            Convert.ToHexStringLower(VouchStatement.Encode(1_770_000_000, 1_770_086_400, spki)));
        var extension = Vouch.Sign(
            key, DateTimeOffset.FromUnixTimeSeconds(1_770_000_000), DateTimeOffset.FromUnixTimeSeconds(1_770_086_400), spki);
        Assert.Equal("0103a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b86ca282e706d915356731cf3eaa1b5e87c80f2688120fe88526edb83fc3e79b8e9a88ab67ef535f12b635873e2371371b91f03e7934c247160ab1957605dba30b", Convert.ToHexStringLower(extension.RawData));
    }

    [Fact]
    public void Proofs_of_both_roles_are_frozen()
    {
        using var sharing = new SharingKey(Counting);
        var prover = new SharingKeyProver("default", sharing);
        var parties = new ProofParties(
            new PeerId(Filled(0xc1)), new PeerId(Filled(0x51)), Filled(0xc2), Filled(0x52));
        byte[] client = ProofStatement.Encode(ProofRole.Client, VolumeId.Read(Counting.AsSpan(0, 16)), parties, Filled(0xc3), Filled(0x53));
        byte[] server = ProofStatement.Encode(ProofRole.Server, VolumeId.Read(Counting.AsSpan(0, 16)), parties, Filled(0xc3), Filled(0x53));
        Assert.Equal("1070d5e4d0fb34652a96ecb5036ecda2e7ac440a47a959beec185a41ecd56e83", Convert.ToHexStringLower(SHA256.HashData(client)));
        Assert.Equal("982c93985734b8ba059eaf307df7803c02318ad137627f9ae01f94e6b3ff8b3a", Prove(client));
        Assert.Equal("2b6b63e37a193b37dff39b99a9f62c7527f71fec1ed96ee186ddbe0e8807b43c", Prove(server));

        string Prove(byte[] statement)
        {
            var proof = new byte[ProofStatement.ProofSize];
            prover.Prove(statement, proof);
            return Convert.ToHexStringLower(proof);
        }
    }

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 32)];
}
