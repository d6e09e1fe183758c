using Bazil.Cli.Parsing;

namespace Bazil.Cli.Tests.Parsing;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData(":34211", "[::]:34211")]
    [InlineData(":0", "[::]:0")]
    [InlineData("127.0.0.1:1", "127.0.0.1:1")]
    [InlineData("localhost:65535", "127.0.0.1:65535")]
    [InlineData("[::1]:80", "[::1]:80")]
    public void Address_is_parsed(string text, string expected) => Assert.Equal(expected, ListenAddress.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("34211")]
    [InlineData(":65536")]
    [InlineData(":-1")]
    [InlineData("host.example:1")]
    public void Nonsense_is_a_usage_error(string text) => Assert.Throws<UsageException>(() => ListenAddress.Parse(text));
}
