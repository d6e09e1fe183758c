using Bazil.Server.Config;
using Bazil.Server.Errors;

namespace Bazil.Server.Tests.Config;

public sealed class NameRulesTests
{
    [Theory]
    [InlineData("myfiles")]
    [InlineData("my files")]
    [InlineData("naïve-ファイル")]
    [InlineData("-dash")]
    public void Ordinary_names_are_fine(string name) => NameRules.Check("volume name", name);

    [Fact]
    public void Longest_name_is_255_bytes()
    {
        NameRules.Check("volume name", new string('x', 255));
        Assert.Contains("300 bytes are too long", Assert.Throws<CommandFailedException>(() => NameRules.Check("volume name", new string('x', 300))).Message);
        Assert.Contains("256 bytes are too long", Assert.Throws<CommandFailedException>(() => NameRules.Check("volume name", new string('é', 128))).Message);
    }

    [Theory]
    [InlineData("", "it is empty")]
    [InlineData("a/b", "slash")]
    [InlineData("a\0b", "control character")]
    [InlineData("a\nb", "control character")]
    [InlineData("a\u001bb", "control character")]
    [InlineData("..", "reserved")]
    [InlineData(" a", "blank")]
    public void Name_that_cannot_be_used_says_why(string name, string reason)
    {
        var e = Assert.Throws<CommandFailedException>(() => NameRules.Check("volume name", name));

        Assert.Equal(ErrorKind.Invalid, e.Kind);
        Assert.StartsWith("invalid volume name", e.Message);
        Assert.Contains(reason, e.Message);
    }

    [Fact]
    public void Lone_surrogate_is_no_text() =>
        Assert.Contains("not valid UTF-8", Assert.Throws<CommandFailedException>(() => NameRules.Check("volume name", "\ud800")).Message);

    [Theory]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    [InlineData("host:1")]
    [InlineData("-x")]
    public void Nickname_cannot_be_mistaken_for_something_else(string name) =>
        Assert.Equal(ErrorKind.Invalid, Assert.Throws<CommandFailedException>(() => NameRules.CheckNickname(name)).Kind);
}
