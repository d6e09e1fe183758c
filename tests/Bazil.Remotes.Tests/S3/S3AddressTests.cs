using Bazil.Remotes.S3;

namespace Bazil.Remotes.Tests.S3;

public sealed class S3AddressTests
{
    [Theory]
    [InlineData("s3://photos", "photos", "", null, null, false, null)]
    [InlineData("s3://photos/", "photos", "", null, null, false, null)]
    [InlineData("s3://photos/a/b c/", "photos", "a/b c", null, null, false, null)]
    [InlineData("s3://photos?region=eu-central-1&secret=home", "photos", "", null, "eu-central-1", false, "home")]
    [InlineData("s3://photos/x?endpoint=http://127.0.0.1:9000", "photos", "x", "http://127.0.0.1:9000", null, true, null)]
    [InlineData("s3://photos?endpoint=https%3A%2F%2FS3.example.org%2F&path-style=false", "photos", "", "https://s3.example.org", null, false, null)]
    [InlineData("s3://photos?endpoint=https://h.example.org/storage/s3/&path-style", "photos", "", "https://h.example.org/storage/s3", null, true, null)]
    [InlineData("s3://photos?path-style=true", "photos", "", null, null, true, null)]
    [InlineData("s3://photos?endpoint=http://[::1]:80", "photos", "", "http://[::1]", null, true, null)]
    public void Address_is_taken_apart(string text, string bucket, string prefix, string? endpoint, string? region, bool isPathStyle, string? secret)
    {
        Assert.True(S3Address.TryParse(text, out S3Address? address));
        Assert.Equal(new S3Address(bucket, prefix, endpoint, region, isPathStyle, secret), address);
        Assert.True(S3Address.TryParse(address.ToString(), out S3Address? again));
        Assert.Equal(address, again);
    }

    [Theory]
    [InlineData("s3:photos", "s3://BUCKET")]
    [InlineData("s3://", "3 to 63")]
    [InlineData("s3://Photos", "lower-case")]
    [InlineData("s3://ph", "3 to 63")]
    [InlineData("s3://-photos", "3 to 63")]
    [InlineData("s3://photos/a//b", "empty part")]
    [InlineData("s3://photos/../b", "empty part")]
    [InlineData("s3://photos/a\nb", "control characters")]
    [InlineData("s3://photos?endpoint=127.0.0.1:9000", "URL like")]
    [InlineData("s3://photos?endpoint=ftp://host", "URL like")]
    [InlineData("s3://photos?endpoint=http://host?x=y", "without a query")]
    [InlineData("s3://photos?endpoint=http://host&endpoint=http://host", "twice")]
    [InlineData("s3://photos?path-style=maybe", "true or false")]
    [InlineData("s3://photos?region=a/b", "eu-central-1")]
    [InlineData("s3://photos?secret=../../etc/passwd", "letters")]
    [InlineData("s3://photos?secret=", "letters")]
    public void What_is_no_address_is_refused_with_a_reason(string text, string reason)
    {
        Assert.False(S3Address.TryParse(text, out _));
        Assert.Contains(reason, S3Address.ProblemOf(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3://AKIA123:hidden@photos")]
    [InlineData("s3://AKIA123:hid/den@photos/x")]
    [InlineData("s3://photos?access-key=AKIA123&secret-key=hidden")]
    [InlineData("s3://photos?endpoint=https://AKIA123:hidden@host")]
    public void Credentials_are_refused_and_not_repeated(string text)
    {
        string problem = Assert.IsType<string>(S3Address.ProblemOf(text));
        Assert.Contains("bazil secret set", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hid", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("AKIA", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_accepted_is_read_again_from_what_is_stored()
    {
        int seed = Environment.GetEnvironmentVariable("BAZIL_SEED") is { } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : Environment.TickCount;
        var random = new Random(seed);
        string[] parts = ["abc", "a-b.c", "/", "/x", "/é y", "%41", "?", "&", "endpoint=", "http://h", "https://H:99", "/p/", "region=", "r-1", "path-style=", "true", "false", "secret=", "n", "."];
        int accepted = 0;
        for (int attempt = 0; attempt < 100_000; attempt++)
        {
            string text = "s3://abc" + string.Concat(random.GetItems(parts, random.Next(0, 7)));
            if (!S3Address.TryParse(text, out S3Address? address)) continue;
            accepted++;
            Assert.True(S3Address.TryParse(address.ToString(), out S3Address? again), $"{text} is stored as {address} (BAZIL_SEED={seed})");
            Assert.Equal(address, again);
        }

        Assert.InRange(accepted, 1000, 100_000);
    }
}
