using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bazil.Core;
using Bazil.Core.Crypto;
using Bazil.Peers.Identity;
using Bazil.Peers.Tests.Nodes;
using Bazil.Testing;

namespace Bazil.Peers.Tests.Identity;

public sealed class VouchTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly SigningKey _key = SigningKey.FromSeed([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private readonly SigningKey _other = SigningKey.FromSeed([.. Enumerable.Repeat((byte)9, 32)]);

    [Fact]
    public void Certificate_says_whose_it_is()
    {
        var certificate = NodeCertificate.Create(_key, Now).Certificate;
        Assert.Equal(VouchVerdict.Valid, Vouch.Check(certificate, Now, out var peer));
        Assert.Equal(_key.PeerId, peer);
    }

    [Theory]
    [InlineData(-66, VouchVerdictName.NotYetValid)]
    [InlineData(-64, VouchVerdictName.Valid)]
    [InlineData(0, VouchVerdictName.Valid)]
    [InlineData(24 * 60 + 4, VouchVerdictName.Valid)]
    [InlineData(24 * 60 + 6, VouchVerdictName.Expired)]
    public void Window_is_checked_with_five_minutes_for_wrong_clocks(int minutes, VouchVerdictName expected)
    {
        var certificate = NodeCertificate.Create(_key, Now).Certificate;
        Assert.Equal(expected.ToString(), Vouch.Check(certificate, Now.AddMinutes(minutes), out _).ToString());
    }

    [Fact]
    public void Window_of_more_than_a_week_is_not_believed()
    {
        var certificate = NodeCertificate.Create(_key, Now.AddDays(-1), Now.AddDays(7)).Certificate;
        Assert.Equal(VouchVerdict.WindowTooLong, Vouch.Check(certificate, Now, out _));
    }

    [Fact]
    public void Vouch_is_good_for_one_key_and_one_window_only()
    {
        var vouch = Extension(NodeCertificate.Create(_key, Now).Certificate);
        Assert.Equal(VouchVerdict.WrongSignature, Vouch.Check(SelfSigned(vouch, Now.AddHours(-1), Now.AddHours(24)), Now, out var peer));
        Assert.Equal(default, peer);

        using var tls = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = new CertificateRequest("CN=x", tls, HashAlgorithmName.SHA256).PublicKey.ExportSubjectPublicKeyInfo();
        var signed = Vouch.Sign(_key, Now.AddHours(-1), Now.AddHours(24), spki);
        Assert.Equal(VouchVerdict.Valid, Vouch.Check(SelfSigned(signed.RawData, Now.AddHours(-1), Now.AddHours(24), tls), Now, out _));
        Assert.Equal(VouchVerdict.WrongSignature, Vouch.Check(SelfSigned(signed.RawData, Now.AddHours(-1), Now.AddHours(48), tls), Now, out _));
        Assert.Equal(VouchVerdict.WrongSignature, Vouch.Check(SelfSigned(signed.RawData, Now.AddHours(-2), Now.AddHours(24), tls), Now, out _));
    }

    [Fact]
    public void Another_key_cannot_be_put_in_the_place_of_the_signer()
    {
        using var tls = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = new CertificateRequest("CN=x", tls, HashAlgorithmName.SHA256).PublicKey.ExportSubjectPublicKeyInfo();
        var value = Vouch.Sign(_key, Now.AddHours(-1), Now.AddHours(24), spki).RawData;
        _other.PeerId.Span.CopyTo(value.AsSpan(1));
        Assert.Equal(VouchVerdict.WrongSignature, Vouch.Check(SelfSigned(value, Now.AddHours(-1), Now.AddHours(24), tls), Now, out _));
    }

    [Fact]
    public void No_bit_of_the_vouch_may_differ_and_none_may_be_missing()
    {
        using var tls = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = new CertificateRequest("CN=x", tls, HashAlgorithmName.SHA256).PublicKey.ExportSubjectPublicKeyInfo();
        var value = Vouch.Sign(_key, Now.AddHours(-1), Now.AddHours(24), spki).RawData;
        for (int bit = 0; bit < value.Length * 8; bit++)
        {
            var flipped = value.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(VouchVerdict.Valid, Vouch.Check(SelfSigned(flipped, Now.AddHours(-1), Now.AddHours(24), tls), Now, out _));
        }
        for (int length = 0; length < value.Length; length++)
            Assert.NotEqual(VouchVerdict.Valid, Vouch.Check(SelfSigned(value[..length], Now.AddHours(-1), Now.AddHours(24), tls), Now, out _));
        Assert.Equal(VouchVerdict.Malformed, Vouch.Check(SelfSigned([.. value, 0], Now.AddHours(-1), Now.AddHours(24), tls), Now, out _));
    }

    [Fact]
    public void Newer_version_is_refused_by_name()
    {
        var value = Extension(NodeCertificate.Create(_key, Now).Certificate);
        value[0] = 2;
        Assert.Equal(VouchVerdict.NewerVersion, Vouch.Check(SelfSigned(value, Now.AddHours(-1), Now.AddHours(24)), Now, out _));
    }

    [Fact]
    public void Certificate_without_a_vouch_is_nobodys()
    {
        Assert.Equal(VouchVerdict.NoVouch, Vouch.Check(SelfSigned(null, Now.AddHours(-1), Now.AddHours(24)), Now, out _));
        Assert.Equal(VouchVerdict.NoCertificate, Vouch.Check(null, Now, out _));
    }

    [Fact]
    public void Node_keeps_its_certificate_and_renews_it_well_before_its_end()
    {
        var time = new ManualTime();
        var identity = new NodeIdentity(_key, time);
        var first = identity.Current;
        time.Advance(TimeSpan.FromHours(15));
        Assert.Same(first, identity.Current);
        time.Advance(TimeSpan.FromHours(2));
        var second = identity.Current;
        Assert.NotSame(first, second);
        Assert.NotEqual(first.Hash, second.Hash);
        Assert.Equal(VouchVerdict.Valid, Vouch.Check(second.Certificate, time.GetUtcNow(), out _));
    }

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
    }

    internal static X509Certificate2 SelfSigned(byte[]? vouch, DateTimeOffset notBefore, DateTimeOffset notAfter, ECDsa? tls = null)
    {
        tls ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", tls, HashAlgorithmName.SHA256);
        if (vouch is not null) request.CertificateExtensions.Add(new X509Extension(Vouch.Oid, vouch, critical: false));
        return request.CreateSelfSigned(notBefore, notAfter);
    }

    private static byte[] Extension(X509Certificate2 certificate) =>
        certificate.Extensions.Single(extension => extension.Oid?.Value == Vouch.Oid).RawData;
}
