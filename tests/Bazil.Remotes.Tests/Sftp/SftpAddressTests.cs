using Bazil.Remotes.Sftp;

namespace Bazil.Remotes.Tests.Sftp;

public sealed class SftpAddressTests
{
    [Theory]
    [InlineData("sftp://host/path", null, "host", null, "/path")]
    [InlineData("sftp://me@host:2222/a/b", "me", "host", 2222, "/a/b")]
    [InlineData("sftp://[::1]:22/a", null, "::1", 22, "/a")]
    [InlineData("sftp://[2001:db8::ab]/srv/b", null, "2001:db8::ab", null, "/srv/b")]
    [InlineData("sftp://me@[fe80::1%eth0]/srv/b", "me", "fe80::1%eth0", null, "/srv/b")]
    [InlineData("sftp:me@[2001:db8::ab]:b", "me", "2001:db8::ab", null, "b")]
    [InlineData("sftp:host:photos@home", null, "host", null, "photos@home")]
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
    [InlineData("sftp://2001:db8::ab/path")]
    [InlineData("sftp://[::1/path")]
    [InlineData("sftp:[::1:path")]
    public void What_is_no_address_is_refused(string text) => Assert.False(SftpAddress.TryParse(text, out _));

    [Theory]
    [InlineData("sftp://bob:secret@nas/b")]
    [InlineData("sftp://bob:sec@ret@nas:22/b")]
    [InlineData("sftp:bob:secret@nas:b")]
    public void Password_is_refused(string text)
    {
        Assert.False(SftpAddress.TryParse(text, out _));
        Assert.True(SftpAddress.HasPassword(text));
        Assert.False(SftpAddress.HasPassword("sftp://bob@nas:22/a:b@c"));
        Assert.False(SftpAddress.HasPassword("sftp://bob@[::1]:22/a"));
    }

    [Fact]
    public void What_is_accepted_is_read_again_from_what_is_stored()
    {
        int seed = Environment.GetEnvironmentVariable("BAZIL_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Environment.TickCount;
        var random = new Random(seed);
        int accepted = 0;
        for (int attempt = 0; attempt < 100_000; attempt++)
        {
            string text = (random.Next(2) == 0 ? "sftp://" : "sftp:") + new string(random.GetItems<char>("ab1:::///@@[]-.~% é", random.Next(1, 12)));
            if (!SftpAddress.TryParse(text, out SftpAddress? address)) continue;
            accepted++;
            Assert.True(SftpAddress.TryParse(address.ToString(), out SftpAddress? again), $"{text} is stored as {address} (BAZIL_SEED={seed})");
            Assert.Equal(address, again);
        }

        Assert.InRange(accepted, 1000, 100_000);
    }
}
