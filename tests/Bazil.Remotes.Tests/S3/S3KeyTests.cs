using Bazil.Remotes.S3;

namespace Bazil.Remotes.Tests.S3;

public sealed class S3KeyTests
{
    [Theory]
    [InlineData("AKIA1\nse/cr+et=\n", null)]
    [InlineData("[default]\naws_access_key_id = AKIA1\naws_secret_access_key = se/cr+et=\n", null)]
    [InlineData("# mine\r\nexport AWS_ACCESS_KEY_ID=AKIA1\r\nexport AWS_SECRET_ACCESS_KEY='se/cr+et='\r\nexport AWS_SESSION_TOKEN=tok\r\n", "tok")]
    public void Keys_are_read_as_people_have_them(string text, string? token)
    {
        Assert.True(S3Key.TryParse(text, out S3Key? key));
        Assert.Equal(new S3Key("AKIA1", "se/cr+et=", token), key);
        Assert.Equal("AKIA1", key.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("AKIA1")]
    [InlineData("AKIA1\nsecret\nmore")]
    [InlineData("aws_access_key_id=AKIA1")]
    [InlineData("aws_access_key_id=AKIA1\naws_secret_access_key=")]
    [InlineData("AKIA1\nsecr\u00e9t")]
    public void What_is_no_key_is_refused(string text) => Assert.False(S3Key.TryParse(text, out _));
}
