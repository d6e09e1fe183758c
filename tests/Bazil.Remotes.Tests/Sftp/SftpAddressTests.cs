using Bazil.Remotes.Sftp;

namespace Bazil.Remotes.Tests.Sftp;

public sealed class SftpAddressTests
{
    [Theory]
    [InlineData("sftp://host/path", null, "host", null, "/path")]
    [InlineData("sftp://me@host:2222/a/b", "me", "host", 2222, "/a/b")]
    [InlineData("sftp://[::1]:22/a", null, "::1", 22, "/a")]
    [InlineData("sftp:host:bazil", null, "host", null, "bazil")]
    [InlineData("sftp:me@host:/srv/bazil", "me", "host", null, "/srv/bazil")]
    [InlineData("sftp:me@example.org@host:x", "me@example.org", "host", null, "x")]
    public void Address_is_taken_apart(string text, string? user, string host, int? port, string path)
    {
        Assert.True(SftpAddress.TryParse(text, out SftpAddress? address));
        Assert.Equal(new SftpAddress(user, host, port, path), address);
        Assert.True(SftpAddress.TryParse(address.ToString(), out SftpAddress? again));
        Assert.Equal(address, again);
    }

    [Theory]
    [InlineData("sftp:")]
    [InlineData("sftp://host")]
    [InlineData("sftp://:22/path")]
    [InlineData("sftp://host:0/path")]
    [InlineData("sftp://host:99999/path")]
    [InlineData("sftp://-oProxyCommand=evil/path")]
    [InlineData("sftp:-oProxyCommand=evil:path")]
    [InlineData("sftp:-l@host:path")]
    [InlineData("sftp:@host:path")]
    [InlineData("sftp:host:")]
    [InlineData("sftp:host")]
    [InlineData("sftp:host:a\nb")]
    [InlineData("http://host/path")]
    public void What_is_no_address_is_refused(string text) => Assert.False(SftpAddress.TryParse(text, out _));
}
