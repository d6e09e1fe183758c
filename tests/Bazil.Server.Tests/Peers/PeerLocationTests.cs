using Bazil.Server.Errors;
using Bazil.Server.Peers;

namespace Bazil.Server.Tests.Peers;

public sealed class PeerLocationTests
{
    [Theory]
    [InlineData("192.0.2.42:34211")]
    [InlineData("white.example.org:1")]
    [InlineData("[2001:db8::1]:65535")]
    [InlineData("localhost:34211")]
    public void Address_is_kept_as_written(string text) => Assert.Equal(text, PeerLocation.Check(text));

    [Theory]
    [InlineData("")]
    [InlineData("192.0.2.42")]
    [InlineData(":34211")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("2001:db8::1:34211")]
    [InlineData("[2001:db8::1]")]
    [InlineData("[192.0.2.1]:1")]
    [InlineData("a b:1")]
    [InlineData("a/b:1")]
    [InlineData("a\0b:1")]
    public void Nonsense_is_refused(string text) =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<CommandFailedException>(() => PeerLocation.Check(text)).Kind);
}
